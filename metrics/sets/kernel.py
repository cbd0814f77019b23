"""Squared maximum mean discrepancy with the polynomial kernel (x'y / d + 1)^3, summed clip by clip.

KID (Binkowski et al. 2018, arXiv 1801.01401) is the mean of this estimate over random subsets of the vectors; here it
is taken of all of them, which is what that mean tends to, without its chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

DEGREE = 3
_ROWS = 1024
"""Vectors of a block of the kernel's matrix, so that memory does not grow with the clips."""


@dataclass(frozen=True)
class Discrepancy:
    """The unbiased estimate and how much each clip moved it, to first order; see `metrics.frechet.influence`."""

    value: float
    first: Floats
    second: Floats

    @property
    def standard_error(self) -> float:
        """Over clips, the two sets being independent."""
        return float(
            sum(np.square(side).sum() * len(side) / (len(side) - 1) for side in (self.first, self.second)) ** 0.5
        )


def discrepancy(first: Sequence[Tensor], second: Sequence[Tensor]) -> Discrepancy:
    """The discrepancy between the vectors of two sets of clips, each [k, d]; at least two vectors on each side.

    Pairs of a vector with itself are left out, as in the unbiased estimate.
    """
    x, y = (torch.cat([clip.double() for clip in clips]) for clips in (first, second))
    owners = [np.repeat(np.arange(len(clips)), [len(clip) for clip in clips]) for clips in (first, second)]
    sizes = [np.bincount(owner, minlength=len(clips)) for owner, clips in zip(owners, (first, second), strict=True)]
    n, m = len(x), len(y)
    within_x = _per_clip(_kernel_sums(x, x) - _itself(x), owners[0], sizes[0])
    within_y = _per_clip(_kernel_sums(y, y) - _itself(y), owners[1], sizes[1])
    across_x = _per_clip(_kernel_sums(x, y), owners[0], sizes[0])
    across_y = _per_clip(_kernel_sums(y, x), owners[1], sizes[1])
    value = within_x.sum() / (n * (n - 1)) + within_y.sum() / (m * (m - 1)) - 2 * across_x.sum() / (n * m)
    return Discrepancy(
        float(value),
        _influences(within_x, across_x, sizes[0], n, m),
        _influences(within_y, across_y, sizes[1], m, n),
    )


def _influences(within: Floats, across: Floats, sizes: NDArray[np.int64], n: int, m: int) -> Floats:
    """The derivative of the estimate by each clip's weight; they sum to zero."""
    share = sizes / n
    own = within / (n * (n - 1)) - share * within.sum() / (n * (n - 1))
    other = across / (n * m) - share * across.sum() / (n * m)
    return np.asarray(2 * (own - other))


def _kernel_sums(x: Tensor, y: Tensor) -> Floats:
    """For each row of x the sum of its kernel with all rows of y, float64 [n]."""
    sums = np.zeros(len(x))
    for start in range(0, len(x), _ROWS):
        rows = x[start : start + _ROWS]
        for other in range(0, len(y), _ROWS):
            block = _kernel(rows @ y[other : other + _ROWS].T, x.shape[1])
            sums[start : start + _ROWS] += block.sum(dim=1).cpu().numpy()
    return sums


def _itself(x: Tensor) -> Floats:
    return np.asarray(_kernel(x.square().sum(dim=1), x.shape[1]).cpu())


def _kernel(products: Tensor, dimension: int) -> Tensor:
    return (products / dimension + 1) ** DEGREE


def _per_clip(sums: Floats, owner: NDArray[np.int64], sizes: NDArray[np.int64]) -> Floats:
    return np.asarray(np.bincount(owner, sums, minlength=len(sizes)), np.float64)
