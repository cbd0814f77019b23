"""Where motion is measured: square frames, a grid of points, windows of sixteen frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 256
"""Frames are stretched to SIZE x SIZE pixels."""
WINDOW = 16
"""Frames in a window; one window begins at every frame."""
POINTS_PER_SIDE = 20
MARGIN = 8
"""Pixels between the frame's edge and the outermost points."""


def square(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [256, 256, 3] of a frame [H, W, 3]: antialiased bilinear, aspect not kept, as the package reads folders."""
    return np.asarray(Image.fromarray(frame).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def grid_points() -> NDArray[np.float32]:
    """The points at a window's first frame, float32 [400, 2], x and y in pixels, row by row."""
    line = MARGIN + np.arange(POINTS_PER_SIDE, dtype=np.float32) / np.float32(POINTS_PER_SIDE - 1) * (SIZE - 2 * MARGIN)
    x, y = np.meshgrid(line, line)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
