"""The histogram of how tracked points move, which FVMD compares (arXiv 2407.16124; package fvmd 1.0.0)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.motion.grid import POINTS_PER_SIDE, WINDOW

ANGLES = 8
CELL_FRAMES = 4
CELL_POINTS = 5
LARGEST = 255
"""Pixels per frame; a longer vector counts like one of this length."""

_CELLS_PER_SIDE = POINTS_PER_SIDE // CELL_POINTS
_CELLS = WINDOW // CELL_FRAMES * _CELLS_PER_SIDE**2
BINS = _CELLS * ANGLES
"""Length of a histogram: 4 x 4 x 4 cells of 8 angles."""


def motion_histograms(tracks: NDArray[np.float32]) -> NDArray[np.float16]:
    """Histograms of velocities, of accelerations, and of velocities from the third frame on, of one window of tracks.

    The paper compares the first two. The package compares the first and the third: it hands positions, not velocities,
    to its function for accelerations.

    In every cell of 4 frames x 5 x 5 points each vector adds ceil(log2(1 + length)) / 8 to the bin of its angle, so a
    movement of any length counts 1/8 at the least, and only a point at rest counts nothing. Angles are atan2(x, y),
    arguments in the package's order, and everything is float32, as there.

    Args:
        tracks: float32 [16, 400, 2], x and y in pixels, points row by row.

    Returns:
        float16 [3, 512]; the values are multiples of 1/8 up to 100, which float16 holds exactly.
    """
    if tracks.shape != (WINDOW, POINTS_PER_SIDE**2, 2):
        raise ValueError(f"Tracks must be [{WINDOW}, {POINTS_PER_SIDE**2}, 2], got {list(tracks.shape)}.")
    velocities, accelerations = np.zeros_like(tracks), np.zeros_like(tracks)
    velocities[1:] = tracks[1:] - tracks[:-1]
    accelerations[2:] = velocities[2:] - velocities[1:-1]
    bins, eighths = _binned(velocities)
    return np.stack([_histogram(bins, eighths), _histogram(*_binned(accelerations)), _histogram(bins[2:], eighths[2:])])


def _binned(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The bin, and what it is given, of each of the vectors float32 [16, 400, 2]."""
    x, y = vectors[..., 0], vectors[..., 1]
    angle = np.arctan2(x, y) + np.float32(np.pi)
    # Floor division and not a floor of the quotient: the two differ on the borders of bins, where straight motion lies.
    angle_bin = np.clip(angle // np.float32(2 * np.pi / ANGLES), 0, ANGLES - 1).astype(np.int64)
    length = np.clip(np.sqrt(x * x + y * y), 0, np.float32(LARGEST))
    eighths = np.ceil(np.log2(length + 1))
    return _CELL_OF_POINT * ANGLES + angle_bin, eighths


def _histogram(bins: NDArray[np.int64], eighths: NDArray[np.float32]) -> NDArray[np.float16]:
    """float16 [512]."""
    return (np.bincount(bins.ravel(), weights=eighths.ravel(), minlength=BINS) / 8).astype(np.float16)


def _cell_of_point() -> NDArray[np.int64]:
    """The cell [16, 400] that each frame and point lies in."""
    frame = np.arange(WINDOW)[:, None] // CELL_FRAMES
    row, column = np.divmod(np.arange(POINTS_PER_SIDE**2), POINTS_PER_SIDE)
    cells = (frame * _CELLS_PER_SIDE + row // CELL_POINTS) * _CELLS_PER_SIDE + column // CELL_POINTS
    return np.asarray(cells)


_CELL_OF_POINT = _cell_of_point()
