"""Dynamic time warping: exact in bounded memory, and the FastDTW approximation that `pymcd` builds on."""

from __future__ import annotations

import math

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Indices = NDArray[np.intp]

CELLS = 1 << 23
"""Distances that the exact alignment holds at a time, 64 MiB: it passes over the first sequence in strips of rows."""


def exact_dtw(x: Floats, y: Floats, counted: NDArray[np.bool_] | None = None) -> tuple[float, int]:
    """The sum of Euclidean distances along the least warping path, and how many cells that path has.

    Steps (1, 0), (0, 1) and (1, 1), all of weight one; of several least paths the shortest counts.

    Args:
        x: float64 [N, D], N > 0.
        y: float64 [M, D], M > 0.
        counted: rows of `x` [N] that enter the sum and the number of cells; None counts all. The path is the same.
    """
    # A complex number carries the cost (real) and the path's length (imaginary): `minimum` compares complex numbers
    # by their real parts and then by their imaginary ones, which is exactly the choice wanted here.
    paths = np.full(len(y) + 1, np.inf, np.complex128)
    paths[0] = 0
    sums = np.zeros_like(paths)
    counts = np.ones(len(x)) if counted is None else counted.astype(np.float64)
    rows = max(1, CELLS // len(y))
    for start in range(0, len(x), rows):
        strip = slice(start, start + rows)
        paths, sums = _advance(paths, sums, scipy.spatial.distance.cdist(x[strip], y), counts[strip])
    return float(sums[-1].real), int(sums[-1].imag)


def _advance(paths: Complexes, sums: Complexes, distances: Floats, counts: Floats) -> tuple[Complexes, Complexes]:
    """From the accumulated row above a strip of distances [n, m] to the strip's last accumulated row.

    `paths` decide which way is the least, `sums` hold of each the rows that count. Rows carry one entry more than there
    are columns, in front: the way into the first cell. All cells of an anti-diagonal depend on the two before it only
    and are computed at once. `diagonal[1 + i]` is row i of the strip, `diagonal[0]` the row above.
    """
    rows, columns = distances.shape
    below, below_sums = np.full(columns + 1, np.inf, np.complex128), np.zeros(columns + 1, np.complex128)
    flat = distances.reshape(-1)
    current, last, before_last = (np.full(rows + 1, np.inf, np.complex128) for _ in range(3))
    current_sums, last_sums, before_last_sums = (np.zeros(rows + 1, np.complex128) for _ in range(3))
    before_last[0], last[0] = paths[0], paths[1]
    before_last_sums[0], last_sums[0] = sums[0], sums[1]
    step = max(columns - 1, 1)
    for d in range(rows + columns - 1):
        low, high = max(0, d - columns + 1), min(rows, d + 1)
        here, above = slice(low + 1, high + 1), slice(low, high)
        cells, cell_sums = current[here], current_sums[here]
        np.minimum(last[above], last[here], out=cells)
        np.minimum(cells, before_last[above], out=cells)
        cell_sums[:] = before_last_sums[above]
        np.copyto(cell_sums, last_sums[here], where=cells == last[here])
        np.copyto(cell_sums, last_sums[above], where=cells == last[above])
        first = low * columns + d - low
        crossed = flat[first : first + (high - low - 1) * step + 1 : step]
        cells.real += crossed
        cells.imag += 1
        cell_sums.real += crossed * counts[above]
        cell_sums.imag += counts[above]
        if d + 2 <= columns:
            current[0], current_sums[0] = paths[d + 2], sums[d + 2]
        else:
            current[0] = np.inf
        if d >= rows - 1:
            below[d - rows + 2], below_sums[d - rows + 2] = current[rows], current_sums[rows]
        current, last, before_last = before_last, current, last
        current_sums, last_sums, before_last_sums = before_last_sums, current_sums, last_sums
    return below, below_sums


def fast_dtw_path(x: Floats, y: Floats, radius: int = 1) -> tuple[Indices, Indices]:
    """The warping path that FastDTW finds: rows of x and rows of y, in time linear in the length.

    Aligns both sequences at half the resolution, then looks only `radius` cells around that path (Salvador and Chan,
    "Toward accurate dynamic time warping in linear time and space", 2007). Ties go to (1, 0), then (0, 1), then (1, 1),
    as in the `fastdtw` package, so that the path is the same one.

    Args:
        x: float64 [N, D], N > 0.
        y: float64 [M, D], M > 0.
        radius: at least 1.
    """
    if min(len(x), len(y)) < radius + 2:
        return _path_within(x, y, np.zeros(len(x), np.intp), np.full(len(x), len(y), np.intp))
    path = fast_dtw_path(_halve(x), _halve(y), radius)
    return _path_within(x, y, *_corridor(path, len(x), len(y), radius))


def _halve(x: Floats) -> Floats:
    even = len(x) - len(x) % 2
    return (x[0:even:2] + x[1:even:2]) / 2


def _corridor(path: tuple[Indices, Indices], rows: int, columns: int, radius: int) -> tuple[Indices, Indices]:
    """Per row of the finer grid the columns [start, stop) within `radius` coarse cells of the coarse path."""
    coarse_rows, coarse_columns = path
    last = int(coarse_rows[-1])
    leftmost = coarse_columns[np.searchsorted(coarse_rows, np.arange(last + 1), side="left")]
    rightmost = coarse_columns[np.searchsorted(coarse_rows, np.arange(last + 1), side="right") - 1]
    coarse = np.arange(rows) // 2
    start = 2 * (leftmost[np.clip(coarse - radius, 0, last)] - radius)
    stop = 2 * (rightmost[np.clip(coarse + radius, 0, last)] + radius) + 2
    return np.clip(start, 0, columns), np.clip(stop, 0, columns)


def _path_within(x: Floats, y: Floats, starts: Indices, stops: Indices) -> tuple[Indices, Indices]:
    """The best warping path among the cells with start <= column < stop of each row.

    The corridor is a few cells wide: too narrow for array operations, so the recursion runs on plain lists.
    """
    widths = stops - starts
    rows = np.repeat(np.arange(len(x)), widths)
    offsets = np.concatenate([[0], np.cumsum(widths)])
    columns = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - starts, widths)
    distances = np.linalg.norm(x[rows] - y[columns], axis=1).tolist()
    moves = bytearray(len(distances))
    bounds = list(zip(starts.tolist(), offsets.tolist(), strict=False))

    above: list[float] = [0.0]
    above_start = -1
    for i, (start, offset) in enumerate(bounds):
        # `above` as seen from this row's first column: entry k is the cell up and to the left of column start + k.
        shift = start - 1 - above_start
        width = int(widths[i])
        corner = above[shift : shift + width + 1] if shift >= 0 else [math.inf] * -shift + above
        corner += [math.inf] * (width + 1 - len(corner))
        here: list[float] = []
        left = math.inf
        for k in range(width):
            distance = distances[offset + k]
            best, move = corner[k + 1] + distance, 0
            if left + distance < best:
                best, move = left + distance, 1
            if corner[k] + distance < best:
                best, move = corner[k] + distance, 2
            moves[offset + k] = move
            here.append(best)
            left = best
        above, above_start = here, start
    return _trace(moves, bounds, len(x) - 1, len(y) - 1)


def _trace(moves: bytearray, bounds: list[tuple[int, int]], i: int, j: int) -> tuple[Indices, Indices]:
    """Follow the moves (0 up, 1 left, 2 both) back from the last cell."""
    path_i, path_j = [], []
    while i >= 0 and j >= 0:
        path_i.append(i)
        path_j.append(j)
        start, offset = bounds[i]
        move = moves[offset + j - start]
        i, j = i - (move != 1), j - (move != 0)
    return np.array(path_i[::-1], np.intp), np.array(path_j[::-1], np.intp)
