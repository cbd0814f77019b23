"""How likely noise alone makes clips worse by so much more than is tolerated."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from metrics.base.comparison import EXACT, FLIPS, POWER
from metrics.base.intervals import CONFIDENCE, SEED

Array = NDArray[np.float64]


def standard_error(numbers: Array) -> float:
    """Of the mean over clips."""
    return float(numbers.std(ddof=1) / np.sqrt(len(numbers)))


def interval(numbers: Array) -> tuple[float, float]:
    """Student's 95 % interval of the mean."""
    reach = float(stdtrit(len(numbers) - 1, (1 + CONFIDENCE) / 2)) * standard_error(numbers)
    return float(numbers.mean()) - reach, float(numbers.mean()) + reach


def chance(excess: Array) -> float:
    """One-sided p-value of a mean above zero, by approximate randomisation (Noreen 1989).

    If the two runs are equally good, either could have made either clip of a pair, so that the sign of each difference
    is a coin's: it is the share of sign patterns with as large a sum, that is of sets of clips whose sum is not above
    zero. So no clip that gets worse ever makes the share larger. All sets are gone through for up to `EXACT` clips,
    `FLIPS` drawn ones beyond; where none of these is one, the tail is Student's, so that many cells may share one
    level, and never less than all sets could give. A mean that is not above zero is no evidence: 1.

    Args:
        excess: by clip how much worse than tolerated, float64 [n], in an order that says nothing, such as that of keys.
    """
    n = len(excess)
    if excess.sum() <= 0:
        return 1.0
    sets, rounding = _sets(n), 1e-12 * np.abs(excess).sum()
    rows = max(1, 2**20 // n)  # of a block, so that memory does not grow with the clips
    blocks = (sets[start : start + rows] for start in range(0, len(sets), rows))
    reached = sum(int(np.count_nonzero(block @ excess <= rounding)) for block in blocks)
    if n <= EXACT:
        return reached / len(sets)
    drawn = (reached + 1) / (FLIPS + 1)
    if reached:
        return drawn
    error = standard_error(excess)
    student = float(stdtr(n - 1, -excess.mean() / error)) if error > 0 else 0.0
    return min(drawn, max(student, smallest_chance(n)))


def smallest_chance(n: int) -> float:
    """The least that `chance` can give for n clips."""
    return 0.5**n


def visible_excess(excess: Array, level: float) -> float:
    """The mean that so many clips with such a spread show in 80 of 100 runs.

    Args:
        level: one-sided, the significance divided by the cells that share it.
    """
    degrees = len(excess) - 1
    return float(stdtrit(degrees, 1 - level) + stdtrit(degrees, POWER)) * standard_error(excess)


@functools.lru_cache(maxsize=4)
def _sets(n: int) -> NDArray[np.bool_]:
    """Sets of clips, bool [sets, n], the same for every cell of n clips."""
    if n <= EXACT:
        return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    return np.random.default_rng(SEED).integers(2, size=(FLIPS, n), dtype=np.int8).astype(bool)
