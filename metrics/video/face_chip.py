"""Faces cut out so that eyes, nose and mouth lie where a recognition network expects them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.floating]
_PADDING = 0.25


@dataclass(frozen=True)
class Chip:
    """A position of the face in a square picture.

    Attributes:
        side: of the picture, in pixels.
        landmarks: of the face mesh, the mean of each group is one point.
        places: where these points belong, x and y in pixels.
    """

    side: int
    landmarks: tuple[tuple[int, ...], ...]
    places: tuple[tuple[float, float], ...]

    def cut(self, frame: NDArray[np.uint8], mesh: Points) -> NDArray[np.uint8]:
        """The face as it should lie, uint8 [side, side, 3].

        Args:
            frame: RGB, uint8 [H, W, 3].
            mesh: 468 points in pixels of the frame, [468, 2 or more].
        """
        points = np.array([mesh[list(group), :2].mean(axis=0) for group in self.landmarks], np.float64)
        turn = similarity(points, np.array(self.places))
        shrink = min(1.0, 1.5 * float(np.hypot(*turn[:, 0])))  # the cut samples bilinearly: large faces shrink first
        if shrink < 1:
            frame = np.asarray(cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
            turn = similarity(points * shrink, np.array(self.places))
        return np.asarray(cv2.warpAffine(frame, turn, (self.side, self.side), flags=cv2.INTER_LINEAR), np.uint8)


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """The turn, scale and shift, [2, 3], that best map points [N, 2] onto points [N, 2], by least squares."""
    z, w = (side[:, 0] + 1j * side[:, 1] for side in (source, target))
    centred = z - z.mean()
    factor = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    shift = w.mean() - factor * z.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def _padded(x: float, y: float, side: int) -> tuple[float, float]:
    return (side * (_PADDING + x) / (2 * _PADDING + 1), side * (_PADDING + y) / (2 * _PADDING + 1))


DLIB = Chip(
    150,
    ((263,), (362,), (33,), (133,), (2,)),
    tuple(
        _padded(x, y, 150)
        for x, y in (
            (0.8595674595992, 0.2134981538014),
            (0.6460604764104, 0.2289674387677),
            (0.1205750620789, 0.2137274526848),
            (0.3340850613712, 0.2290642403242),
            (0.4901123135679, 0.6277975316475),
        )
    ),
)
"""Corners of the person's left and right eye, and where nose and lip meet; places of `get_face_chip_details` (dlib)."""

ARCFACE = Chip(
    112,
    ((33, 133), (362, 263), (1,), (61,), (291,)),
    ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
)
"""Eyes, tip of the nose and corners of the mouth, as insightface's `arcface_dst` has them."""
