"""Where the lips of a still image meet or part, as lines across the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from baselines.puppet.frame import F32, FaceFrame

_INNER_UPPER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
_INNER_LOWER = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
_CLOSED = 0.045
"""A smaller gap in the mesh counts as closed lips."""


@dataclass(frozen=True, eq=False)
class LipLines:
    """The inner edges of the lips as functions of the position across, tabulated.

    Attributes:
        start, step: position of the first entry and distance between entries.
        table: float32 [5, n]: u (-1 and 1 at the corners), upper edge, lower edge, gap, and an arch that is 1 in the
            middle and 0 from the corners on.
        widest: the largest gap, 0 for closed lips.
    """

    start: float
    step: float
    table: F32
    widest: float

    @staticmethod
    def of(image: NDArray[np.uint8], frame: FaceFrame, start: float, stop: float) -> LipLines:
        grid = np.linspace(start, stop, 1024)
        upper, lower = (_curve(frame.points[line, :2], grid) for line in (_INNER_UPPER, _INNER_LOWER))
        first, last = (float(frame.points[corner, 0]) for corner in (78, 308))
        last = max(last, first + 0.05)
        centre = float(np.clip(frame.points[13, 0], first + 0.3 * (last - first), last - 0.3 * (last - first)))
        u = np.where(grid < centre, (grid - centre) / (centre - first), (grid - centre) / (last - centre))
        gap = np.where(np.abs(u) < 1, np.maximum(lower - upper, 0), 0)
        if gap.max() < _CLOSED:
            seam = _darkest_line(image, frame, grid, (upper + lower) / 2, np.abs(u) < 0.97)
            upper, lower, gap = seam, seam, np.zeros_like(gap)
        else:
            upper, lower = np.where(gap > 0, upper, (upper + lower) / 2), np.where(gap > 0, lower, (upper + lower) / 2)
        arch = np.clip(1 - u * u, 0, 1) ** 0.85
        table = np.stack([u, upper, lower, gap, arch]).astype(np.float32)
        return LipLines(start, float(grid[1] - grid[0]), table, float(gap.max()))

    def at(self, a: F32) -> NDArray[np.float32]:
        """The table's five rows at positions across: float32 [5, *a.shape]."""
        index = np.clip(np.rint((a - self.start) / self.step), 0, self.table.shape[1] - 1).astype(np.int32)
        return self.table[:, index]


def _curve(points: F32, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth line through points (across, down), held level beyond its ends."""
    order = np.argsort(points[:, 0], kind="stable")
    a, b = points[order, 0].astype(np.float64), points[order, 1].astype(np.float64)
    keep = np.concatenate([[True], np.diff(a) > 1e-3])
    a, b = a[keep], b[keep]
    if len(a) < 2:
        return np.full(len(grid), b[0])
    return np.asarray(PchipInterpolator(a, b)(np.clip(grid, a[0], a[-1])))


def _darkest_line(
    image: NDArray[np.uint8],
    frame: FaceFrame,
    grid: NDArray[np.float64],
    near: NDArray[np.float64],
    use: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The shadow between closed lips: the darkest smooth path near a line, by dynamic programming."""
    columns = np.linspace(grid[use][0], grid[use][-1], 49)
    start = np.interp(columns, grid, near)
    offsets = np.linspace(-0.04, 0.04, 33)
    a = np.broadcast_to(columns, (33, 49)).astype(np.float32)
    x, y = frame.pixels(a, (start + offsets[:, None]).astype(np.float32))
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), max(0.5, 0.008 * frame.unit))
    dark = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)
    cost = (dark - dark.min(axis=0)) / max(float(np.ptp(dark)), 1.0) + 0.4 * (offsets / 0.04)[:, None] ** 2
    best, back = cost[:, 0], np.zeros((33, 49), int)
    steps = np.abs(np.subtract.outer(np.arange(33), np.arange(33)))
    for column in range(1, 49):
        through = best[None, :] + 0.03 * steps**2
        back[:, column] = through.argmin(axis=1)
        best = through.min(axis=1) + cost[:, column]
    row = int(best.argmin())
    path = np.zeros(49)
    for column in range(48, -1, -1):
        path[column] = offsets[row]
        row = back[row, column]
    path *= np.clip((1 - np.abs(np.linspace(-1, 1, 49))) * 5, 0, 1)  # the corners are the mesh's
    path = cv2.GaussianBlur(path.reshape(1, -1), (9, 1), 1.5).ravel()
    return np.asarray(near + np.interp(grid, columns, path, left=0.0, right=0.0))
