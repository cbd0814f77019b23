"""Eyes in a frame: how far they are open and where they look, by MediaPipe's Face Mesh and Iris.

Kartynnik et al. 2019 (arXiv 1907.06724) and Ablavatski et al. 2020 (arXiv 2006.11341), Google's networks. The steps
around them are written from their model cards: a level square around the face goes into the mesh, a level square
around each eye into the iris network, the person's left eye mirrored. The bundled generator has its own mesh, since
this package stands alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.sharing import once
from metrics.video import face_finder
from metrics.video.face_finder import FaceFinder
from metrics.weights import fetch

WEIGHTS = (*face_finder.WEIGHTS, "face-mesh", "face-iris")

_FACE_MARGIN = 1.5
_EYE_MARGIN = 2.3
"""Sides of the squares that the networks were trained on, relative to the face's box and to the eye's width."""
_CORNERS = {"right": (33, 133), "left": (263, 362)}
"""Outer and inner corner of the person's eyes in the mesh."""
_LIDS = ((3, 11), (5, 13))
"""Pairs of points of the lower and the upper lid in the iris network's contour, whose corners are 0 and 8."""
_PRESENT = 0.0
"""Logit of the mesh's score, above which it saw a face."""
IRIS_MM = 11.7
"""Diameter of the human iris, almost the same for everybody (the Iris model card)."""
EYE_RADIUS_MM = 12.0


@dataclass(frozen=True)
class Eyes:
    """Both eyes of one face, their mean.

    Attributes:
        opening: height over width, the eye aspect ratio of Soukupova and Cech 2016; shut is below 0.15 or so.
        across, down: degrees by which the eyes look to the image's right and down, seen from the middle between their
            corners. What the head turns is not in it.
    """

    opening: float
    across: float
    down: float


class EyeFinder:
    """Finds the eyes of the largest face of an image, on one thread; not to be shared between threads.

    Raises:
        WeightsError: the networks' weights cannot be had.
    """

    def __init__(self) -> None:
        self._faces = FaceFinder()
        self._mesh = _Network("face-mesh")
        self._iris = _Network("face-iris")

    def find(self, image: NDArray[np.uint8]) -> Eyes | None:
        """The eyes in an RGB image, uint8 [H, W, 3]; None where there is no face."""
        return once("eyes", image, lambda: self._find(image))

    def _find(self, image: NDArray[np.uint8]) -> Eyes | None:
        box = self._faces.find(image)
        if box is None:
            return None
        middle, side = (box[:2] + box[2:]) / 2, _FACE_MARGIN * float((box[2:] - box[:2]).max())
        points = self._points(image, _Square(middle, side, 0.0))
        if points is not None:  # again, level and around what was found: the detector's box is coarse
            angle = _angle(points[33], points[263])
            level = points @ _turn(angle)
            low, high = level.min(axis=0), level.max(axis=0)
            square = _Square(_turn(angle) @ ((low + high) / 2), _FACE_MARGIN * float((high - low).max()), angle)
            points = self._points(image, square)
        if points is None:
            return None
        both = np.array([self._eye(image, points[list(corners)], which) for which, corners in _CORNERS.items()])
        return Eyes(*both.mean(axis=0).tolist())

    def _points(self, image: NDArray[np.uint8], square: _Square) -> NDArray[np.float64] | None:
        points, presence = self._mesh(square.cut(image, self._mesh.size))
        if presence.item() < _PRESENT:
            return None
        return square.to_image(points.reshape(-1, 3)[:, :2] / self._mesh.size)

    def _eye(self, image: NDArray[np.uint8], corners: NDArray[np.float64], which: str) -> tuple[float, float, float]:
        """Opening, and degrees across and down, of one eye."""
        outer, inner = corners
        left, right = (outer, inner) if which == "right" else (inner, outer)  # in the image
        square = _Square((left + right) / 2, _EYE_MARGIN * float(np.linalg.norm(right - left)), _angle(left, right))
        crop = square.cut(image, self._iris.size)
        mirrored = which == "left"
        contour, iris = (
            out.reshape(-1, 3)[:, :2].astype(np.float64)
            for out in self._iris(np.ascontiguousarray(crop[:, ::-1]) if mirrored else crop)
        )
        width = max(float(np.linalg.norm(contour[8] - contour[0])), 1e-6)
        opening = float(np.mean([np.linalg.norm(contour[a] - contour[b]) for a, b in _LIDS])) / width
        diameter = (np.linalg.norm(iris[1] - iris[3]) + np.linalg.norm(iris[2] - iris[4])) / 2
        millimetres = (iris[0] - (contour[0] + contour[8]) / 2) * IRIS_MM / max(float(diameter), 1e-6)
        across, down = np.degrees(np.arcsin(np.clip(millimetres / EYE_RADIUS_MM, -1, 1)))
        return opening, float(-across if mirrored else across), float(down)


class _Network:
    def __init__(self, name: str) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # without XNNPACK: it prints to the terminal and picks its arithmetic by processor
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._network = Interpreter(str(fetch(name)), num_threads=1, experimental_op_resolver_type=plain)
        self._network.allocate_tensors()
        (self._input,) = self._network.get_input_details()
        self.size = int(self._input["shape"][1])

    def __call__(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both outputs for an image float32 [size, size, 3] in 0..1, the larger one first."""
        self._network.set_tensor(self._input["index"], image[None])
        self._network.invoke()
        outputs = (self._network.get_tensor(output["index"]) for output in self._network.get_output_details())
        first, second = sorted(outputs, key=lambda output: -output.size)
        return first, second


@dataclass(frozen=True, eq=False)
class _Square:
    """A square of an image: middle, side in pixels, and the angle in radians by which it is turned (clockwise)."""

    middle: NDArray[np.floating]
    side: float
    angle: float

    def cut(self, image: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
        """The square as float32 [size, size, 3] in 0..1; black outside the image."""
        side = max(self.side, 1.0)
        shrink = min(1.0, 1.5 * size / side)  # the cut samples bilinearly, so large faces are reduced first
        if shrink < 1:
            image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        turn = _turn(self.angle) * (side * shrink / size)
        corner = np.asarray(self.middle, np.float64) * shrink - turn @ np.array([size / 2, size / 2])
        affine = np.column_stack([turn, corner - 0.5 + turn @ np.array([0.5, 0.5])])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, affine, (size, size), flags=flags), np.float32) / np.float32(255)

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points [N, 2] of the square, in 0..1, as pixels of the image."""
        return np.asarray((points - 0.5) * self.side @ _turn(self.angle).T + self.middle, np.float64)


def _turn(angle: float) -> NDArray[np.float64]:
    """[2, 2], turns x towards y (clockwise on the screen)."""
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _angle(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    return math.atan2(float(right[1] - left[1]), float(right[0] - left[0]))
