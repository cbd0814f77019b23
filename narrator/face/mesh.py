"""The 468 points of MediaPipe's Face Mesh (Kartynnik et al. 2019) on the largest face of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from narrator.face.detector import Detection, FaceDetector
from narrator.face.network import Network

_LEAST_PRESENCE = 0.5
_MARGIN = 1.5
"""Side of the crop the network was trained on, relative to the longer side of the face's box."""
_EYE_CORNERS = (33, 263)
"""Outer corners of the person's right and left eye."""


@dataclass(frozen=True, eq=False)
class Face:
    """One face in pixels of the image, x to the right, y down, z away from the camera.

    Attributes:
        points: float32 [468, 3]; z is in pixels too, about 0 at the middle of the head.
        score: 0..1, how sure the network is that the crop showed a face.
    """

    points: NDArray[np.float32]
    score: float

    @property
    def box(self) -> NDArray[np.float32]:
        """Bounding box of the points: float32 [4], left, top, right, bottom."""
        return np.concatenate([self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)])


class FaceMesh:
    """Finds the largest face of an image and its 468 points.

    Args:
        weight_paths: the files "face-detector", "face-detector-full-range" and "face-mesh".
    """

    weights = ("face-detector", "face-detector-full-range", "face-mesh")

    def __init__(self, weight_paths: Mapping[str, Path]) -> None:
        if missing := [name for name in self.weights if name not in weight_paths]:
            raise ValueError(f"The face mesh needs the weights {', '.join(missing)}; fetch them and pass their paths.")
        self._near = FaceDetector(weight_paths["face-detector"], "short")
        self._far = FaceDetector(weight_paths["face-detector-full-range"], "full")
        self._mesh = Network(weight_paths["face-mesh"])

    def find(self, image: NDArray[np.uint8]) -> Face | None:
        """The largest face of an RGB image, uint8 [H, W, 3], or None."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"The face mesh needs an RGB image, uint8 [H, W, 3], got {image.dtype} {image.shape}.")
        for detection in self._near.find(image) or self._far.find(image):
            face = self._fit(image, _Crop.around_detection(detection))
            if face is not None:
                # the first mesh locates the face better than the detector does, as in a video's next frame
                return self._fit(image, _Crop.around_points(face.points)) or face
        return None

    def _fit(self, image: NDArray[np.uint8], crop: _Crop) -> Face | None:
        points, presence = self._mesh(crop.cut(image, self._mesh.input_size))
        score = float(1 / (1 + np.exp(-np.clip(presence.item(), -80, 80))))
        if score < _LEAST_PRESENCE:
            return None
        return Face(crop.to_image(points.reshape(-1, 3) / self._mesh.input_size), score)


@dataclass(frozen=True)
class _Crop:
    """A square of an image: centre, side in pixels, and the angle in radians by which it is turned (clockwise)."""

    x: float
    y: float
    side: float
    angle: float

    @staticmethod
    def around_detection(detection: Detection) -> _Crop:
        """From the detector's box, turned so that the eyes lie level."""
        x, y = (detection.box[:2] + detection.box[2:]) / 2
        side = _MARGIN * float((detection.box[2:] - detection.box[:2]).max())
        return _Crop(float(x), float(y), side, _angle(*detection.keypoints[:2]))

    @staticmethod
    def around_points(points: NDArray[np.float32]) -> _Crop:
        """From a mesh, turned so that the eyes lie level."""
        angle = _angle(*points[list(_EYE_CORNERS), :2])
        turn = _rotation(angle)
        level = points[:, :2] @ turn
        low, high = level.min(axis=0), level.max(axis=0)
        x, y = turn @ ((low + high) / 2)
        return _Crop(float(x), float(y), _MARGIN * float((high - low).max()), angle)

    def cut(self, image: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
        """The square as float32 [size, size, 3] in 0..1; black outside the image."""
        shrink = min(1.0, 1.5 * size / self.side)  # the cut samples bilinearly, so large faces are reduced first
        if shrink < 1:
            image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        turn = _rotation(self.angle) * (self.side * shrink / size)
        corner = np.array([self.x, self.y]) * shrink - turn @ np.array([size / 2, size / 2])
        affine = np.column_stack([turn, corner - 0.5 + turn @ np.array([0.5, 0.5])])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, affine, (size, size), flags=flags), np.float32) / np.float32(255)

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Points [N, 3] of the square, in 0..1, as pixels of the image."""
        plane = (points[:, :2] - 0.5) * self.side @ _rotation(self.angle).T + [self.x, self.y]
        return np.column_stack([plane, points[:, 2] * self.side]).astype(np.float32)


def _rotation(angle: float) -> NDArray[np.float64]:
    """[2, 2], turns x towards y (clockwise on the screen)."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _angle(right_eye: NDArray[np.float32], left_eye: NDArray[np.float32]) -> float:
    across = left_eye - right_eye
    return float(np.arctan2(across[1], across[0]))
