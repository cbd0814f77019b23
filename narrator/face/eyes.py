"""How far the eyes of a face are open, by MediaPipe Iris (Ablavatski et al. 2020, arXiv 2006.11341).

The face mesh alone smooths lids over: it draws closed eyes as open ones. The iris network looks at each eye by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from narrator.face.mesh import Face, FaceMesh
from narrator.face.network import Network

_CORNERS = (((33, 133), True), ((362, 263), False))
"""The mesh's points at the corners of the person's right and left eye; the network knows left ones, so one is mirrored.
"""
_MARGIN = 2.3
"""Side of the crop that the network was trained on, relative to the eye's width."""
_CONTOUR = 213
"""Numbers of the network's output that holds the eye's contour, 71 points."""
_CONTOUR_CORNERS = (0, 8)
_LIDS = ((3, 11), (4, 12), (5, 13))
"""Points of the contour opposite each other on the lower and the upper lid, in the middle of the eye."""


class EyeOpening:
    """Measures eyes.

    Args:
        weight_paths: the files that `FaceMesh` needs, and "iris".
    """

    weights = (*FaceMesh.weights, "iris")

    def __init__(self, weight_paths: Mapping[str, Path]) -> None:
        self._mesh = FaceMesh(weight_paths)
        self._iris = Network(weight_paths["iris"])

    def of(self, image: NDArray[np.uint8]) -> float | None:
        """Height over width of the eye that is less open, of the largest face in an RGB image, uint8 [H, W, 3].

        About 0.25 to 0.45 for open eyes, below 0.15 for closed ones; None where no face is found.
        """
        face = self._mesh.find(image)
        return None if face is None else min(self._ratio(image, face, *corners) for corners in _CORNERS)

    def _ratio(self, image: NDArray[np.uint8], face: Face, corners: tuple[int, int], mirrored: bool) -> float:
        left, right = face.points[list(corners), :2].astype(np.float64)
        contour = self._contour(image, left, right, mirrored)
        inner, outer = contour[list(_CONTOUR_CORNERS)]
        heights = [np.linalg.norm(contour[low] - contour[high]) for low, high in _LIDS]
        return float(np.mean(heights) / max(float(np.linalg.norm(outer - inner)), 1e-6))

    def _contour(
        self, image: NDArray[np.uint8], left: NDArray[np.float64], right: NDArray[np.float64], mirrored: bool
    ) -> NDArray[np.float32]:
        """The contour's points, float32 [71, 2], in pixels of a square around the eye, turned so that it lies level."""
        size = self._iris.input_size
        along = (right - left) * _MARGIN / size
        turn = np.array([[along[0], -along[1]], [along[1], along[0]]])
        corner = (left + right) / 2 - turn @ np.full(2, (size - 1) / 2)
        affine = np.column_stack([turn, corner - 0.5])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        square = np.asarray(cv2.warpAffine(image, affine, (size, size), flags=flags), np.float32) / np.float32(255)
        outputs = self._iris(np.ascontiguousarray(square[:, ::-1]) if mirrored else square)
        contour = next(output for output in outputs if output.size == _CONTOUR)
        return np.asarray(contour.reshape(-1, 3)[:, :2])
