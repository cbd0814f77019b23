"""Small turns of the head in a still image, with parallax from the depth of the face mesh; the background is held."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from baselines.puppet.frame import FaceFrame, smoothstep

_GRID = 64
"""Cells along the longer side of the grid on which the motion is computed; between its points it is interpolated."""
_FOREHEAD, _CHIN = 10, 152


class HeadRig:
    """Turns the head in images that look like `image`, uint8 [H, W, 3]."""

    def __init__(self, image: NDArray[np.uint8], frame: FaceFrame) -> None:
        height, width = image.shape[:2]
        self._frame, self._size = frame, (width, height)
        self._step = step = -(-max(width, height) // _GRID)
        columns, rows = -(-width // step) + 1, -(-height // step) + 1
        a, b = frame.coordinates(0, 0, columns * step, rows * step, step)
        points = frame.points
        chin, forehead = float(points[_CHIN, 1]), float(points[_FOREHEAD, 1])
        low, high = points[:, 0].min(), points[:, 0].max()
        tall, wide = chin - forehead, float(high - low)
        centre = float(low + high) / 2, (forehead + chin) / 2 - 0.12 * tall
        # an ellipse around head and hair moves, the rest less and less, the border not at all
        reach = np.hypot((a - centre[0]) / (0.62 * wide), (b - centre[1]) / (0.72 * tall))
        x = np.minimum(np.arange(columns) * step, width - 1)
        y = np.minimum(np.arange(rows) * step, height - 1)
        edge = np.minimum(np.minimum(x, width - 1 - x)[None, :], np.minimum(y, height - 1 - y)[:, None])
        off_border = smoothstep(0.0, 0.35 * frame.unit, edge.astype(np.float32))
        moves = off_border * (1 - smoothstep(0.9, 2.1, reach.astype(np.float32)))
        near = 1.3 - _spread(points, a, b)  # distance in front of an axis well behind the middle of the face
        axis = centre[0], chin + 0.35
        self._turns = np.stack(
            [[moves * near, 0 * a], [0 * a, moves * near], [-moves * (b - axis[1]), moves * (a - axis[0])]]
        ).astype(np.float32)

    def turn(self, image: NDArray[np.uint8], yaw: float, pitch: float, roll: float) -> NDArray[np.uint8]:
        """The image with its head turned by that many degrees (sensible up to 6): right, down, clockwise."""
        angles = np.radians([yaw, pitch, roll]).astype(np.float32)
        across, down = self._frame.unit * np.tensordot(angles, self._turns, axes=1)
        shift_x = across * self._frame.across[0] + down * self._frame.down[0]
        shift_y = across * self._frame.across[1] + down * self._frame.down[1]
        x = np.arange(self._size[0], dtype=np.float32) - self._interpolate(shift_x)
        y = np.arange(self._size[1], dtype=np.float32)[:, None] - self._interpolate(shift_y)
        return np.asarray(cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    def _interpolate(self, coarse: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values at every pixel from those at the points of the grid."""
        affine = np.array([[1 / self._step, 0, 0], [0, 1 / self._step, 0]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(coarse, affine, self._size, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _spread(points: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth of the mesh at any place, units: mean of the points weighted by closeness; far away that of the outline."""
    distance = np.square(a[..., None] - points[:, 0]) + np.square(b[..., None] - points[:, 1])
    distance -= distance.min(axis=-1, keepdims=True)
    weight = np.exp(-distance / (2 * 0.13**2))
    return np.asarray(weight @ points[:, 2] / weight.sum(axis=-1), np.float32)
