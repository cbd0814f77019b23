"""Coordinates that move with a face: across and down, in units of the distance between the outer eye corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from narrator.face import Face

F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FaceFrame:
    """Axes of a face in the image.

    Attributes:
        origin: float32 [2], middle of the mouth, pixels.
        across: float32 [2], unit vector towards the image's right along the eyes.
        down: float32 [2], unit vector from forehead to chin.
        unit: pixels per unit; the distance in space between the outer eye corners, so a turned head does not shrink it.
        points: float32 [468, 3], the mesh: across, down, away from the camera, in units.
    """

    origin: F32
    across: F32
    down: F32
    unit: float
    points: F32

    @staticmethod
    def of(face: Face) -> FaceFrame:
        """The frame of a face mesh."""
        corners = face.points[[33, 263]]
        unit = max(float(np.linalg.norm(corners[1] - corners[0])), 1e-3)
        along = corners[1, :2] - corners[0, :2]
        across = (along / max(float(np.linalg.norm(along)), 1e-6)).astype(np.float32)
        down = np.array([-across[1], across[0]], np.float32)
        origin = face.points[[61, 291, 13, 14], :2].mean(axis=0)
        offset = face.points[:, :2] - origin
        points = np.column_stack([offset @ across, offset @ down, face.points[:, 2]]) / np.float32(unit)
        return FaceFrame(origin, across, down, unit, points.astype(np.float32))

    def coordinates(self, left: int, top: int, width: int, height: int, step: int = 1) -> tuple[F32, F32]:
        """Across and down, float32 [height / step, width / step], at the pixels of a rectangle."""
        x, y = np.meshgrid(np.arange(left, left + width, step), np.arange(top, top + height, step))
        x, y = (x - self.origin[0]) / self.unit, (y - self.origin[1]) / self.unit
        a = x * self.across[0] + y * self.across[1]
        b = x * self.down[0] + y * self.down[1]
        return a.astype(np.float32), b.astype(np.float32)

    def pixels(self, a: F32, b: F32) -> tuple[F32, F32]:
        """x and y in pixels of points given in face coordinates."""
        x = self.origin[0] + self.unit * (a * self.across[0] + b * self.down[0])
        y = self.origin[1] + self.unit * (a * self.across[1] + b * self.down[1])
        return cast(F32, x.astype(np.float32)), cast(F32, y.astype(np.float32))

    def rectangle(self, low: tuple[float, float], high: tuple[float, float], shape: tuple[int, ...]) -> Rectangle:
        """Pixels of an image that the rectangle low..high (across, down) touches."""
        a = np.array([low[0], low[0], high[0], high[0]], np.float32)
        b = np.array([low[1], high[1], low[1], high[1]], np.float32)
        x, y = self.pixels(a, b)
        left, right = (int(np.clip(v, 0, shape[1])) for v in (np.floor(x.min()), np.ceil(x.max()) + 1))
        top, bottom = (int(np.clip(v, 0, shape[0])) for v in (np.floor(y.min()), np.ceil(y.max()) + 1))
        return Rectangle(left, top, max(0, right - left), max(0, bottom - top))


@dataclass(frozen=True)
class Rectangle:
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return not (self.width and self.height)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


def smoothstep(low: float | NDArray[np.floating], high: float | NDArray[np.floating], value: F32) -> F32:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return cast(F32, t * t * (3 - 2 * t))
