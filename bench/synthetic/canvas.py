"""The plane on which a person is painted, and the few shapes that everything on it is made of.

Units: the eyes lie on y = 0, a face is about two units wide (x from -1 to 1), y points down and z towards the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
"""Values over a canvas, [H, W] or [H, W, C]; float32 wherever it is kept, float64 in passing."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """A raster over the plane.

    Attributes:
        left, top: plane coordinates of the centre of the first pixel.
        density: pixels per unit.
        x, y: plane coordinates of every pixel, float32 [H, W].
    """

    left: float
    top: float
    density: float
    x: Plane
    y: Plane

    @classmethod
    def spanning(cls, left: float, top: float, right: float, bottom: float, density: float) -> Canvas:
        """The canvas that covers a rectangle of the plane."""
        columns = np.arange(round((right - left) * density), dtype=np.float32)
        rows = np.arange(round((bottom - top) * density), dtype=np.float32)
        x, y = np.meshgrid(left + columns / density, top + rows / density)
        return cls(left, top, density, x.astype(np.float32), y.astype(np.float32))

    def sample(self, plane: Plane, x: Plane, y: Plane) -> Plane:
        """`plane` at plane coordinates, bilinear; zero outside the canvas."""
        columns, rows = (x - self.left) * self.density, (y - self.top) * self.density
        return np.asarray(cv2.remap(plane, columns, rows, cv2.INTER_LINEAR), np.float32)

    def blur(self, plane: Plane, sigma: float) -> Plane:
        """Gaussian blur with `sigma` in plane units."""
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma * self.density, borderType=cv2.BORDER_REPLICATE))

    def noise(self, rng: np.random.Generator, sigma_x: float, sigma_y: float | None = None) -> Plane:
        """Smooth noise of zero mean and unit deviation whose grain is `sigma` plane units wide.

        It is drawn on a lattice of the grain's own size, so the same seed gives the same pattern at every density.
        """
        steps = (max(sigma_x, 1e-3), max(sigma_x if sigma_y is None else sigma_y, 1e-3))
        height, width = self.x.shape
        lattice = rng.standard_normal(
            (int(height / self.density / steps[1]) + 3, int(width / self.density / steps[0]) + 3)
        ).astype(np.float32)
        columns, rows = (self.x - self.left) / steps[0] + 1, (self.y - self.top) / steps[1] + 1
        field = np.asarray(cv2.remap(lattice, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def smoothstep(low: float | Plane, high: float | Plane, value: Plane) -> Plane:
    """0 below `low`, 1 above `high`, and a smooth rise between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def bump(canvas: Canvas, x: float, y: float, width: float, height: float) -> Plane:
    """A Gaussian of height 1 at (x, y) with deviations `width` and `height`."""
    return np.exp(-0.5 * (((canvas.x - x) / width) ** 2 + ((canvas.y - y) / height) ** 2))


def twin_bump(canvas: Canvas, x: float, y: float, width: float, height: float) -> Plane:
    """Two mirrored Gaussians, at (x, y) and (-x, y)."""
    return np.exp(-0.5 * (((np.abs(canvas.x) - x) / width) ** 2 + ((canvas.y - y) / height) ** 2))


def vector(*values: float) -> Plane:
    """A colour or a point, float32 [n]."""
    return np.array(values, np.float32)


def blend(under: Plane, over: Plane, cover: Plane) -> Plane:
    """`over` laid on `under` [H, W, C] with coverage [H, W] in 0..1; `over` may be one colour."""
    weight = cover[..., None] if under.ndim == 3 else cover
    return np.asarray(under + (over - under) * weight, np.float32)
