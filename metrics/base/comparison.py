"""Whether two scores of the same clips differ: the difference, its 95 % interval, a p-value, and what n pairs can show.

A score is the mean of its numbers by clip (`Score.by_clip`), whatever the metric, so that two scores of the same clips
are a paired sample. Needs neither the metrics nor PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from metrics.base.intervals import CONFIDENCE, FEWEST, SEED, mean_interval

LEVEL = 0.05
"""Share of comparisons of equals that may be called different."""
POWER = 0.8
"""Share of differences of the smallest visible size that are found."""
FLIPS = 9_999
EXACT = 14
"""Up to so many pairs all signs are gone through, 2^n; beyond, `FLIPS` drawn ones."""
ROUNDING = 1e-6
"""Differences below this share of the largest score are what float32 leaves on another machine, and no evidence."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """How far the second score lies above the first, on the same clips.

    Attributes:
        mean: the second score less the first.
        n: pairs.
        standard_error: of the mean, over clips.
        low, high: 95 % interval of the mean.
        p_value: how often chance alone makes a mean as far from zero, two-sided.
        degrees: of freedom of the standard error.

    All but `mean` and `n` are None below `FEWEST` pairs, where nothing is claimed.
    """

    mean: float
    n: int
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    degrees: float | None = None

    @property
    def equal(self) -> bool:
        """No clip differs by more than rounding."""
        return self.standard_error == 0 and self.p_value == 1

    def visible(self, level: float = LEVEL) -> float | None:
        """The smallest visible difference: what so many pairs with such a spread show in 80 of 100 comparisons.

        A difference shows where its p-value is below the level and its interval leaves zero out. So it must exceed
        Student's quantile for the level, two-sided, and half the interval, by Student's quantile for a power of 80 %
        (Cohen 1988, chapter 2), in standard errors. None where no result of so few pairs is below the level.

        Args:
            level: at which the comparison is tested, `LEVEL` divided by the comparisons that share it.
        """
        if self.standard_error is None or self.degrees is None or self.low is None or self.high is None:
            return None
        if smallest_p_value(self.n) > level:
            return None
        reach = max(
            float(scipy.special.stdtrit(self.degrees, 1 - level / 2)) * self.standard_error, (self.high - self.low) / 2
        )
        return reach + float(scipy.special.stdtrit(self.degrees, POWER)) * self.standard_error


def paired_difference(first: Array, second: Array) -> Difference:
    """The mean difference of two paired samples, second minus first.

    The interval is that of a mean, by the studentised bootstrap (`mean_interval`). The p-value is that of approximate
    randomisation (Noreen 1989): if the two are equal, either could have made either clip of a pair, so that the sign of
    each difference is a coin's; it is the share of sign patterns whose mean is as far from zero. All patterns have one
    sum of squares, so that the mean orders them as Student's t does.

    Args:
        first, second: one number for each clip, float64 [n], in the same order of clips.

    Raises:
        ValueError: the samples are not of one length, are empty, or hold what is no finite number.
    """
    _check(first, second)
    differences = second - first
    n, mean = len(differences), float(differences.mean())
    if n < FEWEST:
        return Difference(mean, n)
    if _rounding_only(first, second):
        return Difference(mean, n, 0.0, mean, mean, 1.0, n - 1)
    differences = differences[np.argsort(np.abs(differences), kind="stable")]  # the order of clips says nothing
    low, high = mean_interval(differences) or (mean, mean)
    error = float(differences.std(ddof=1) / np.sqrt(n))
    return Difference(mean, n, error, low, high, _p_value(differences), n - 1)


def mean_difference(pairs: Sequence[tuple[Array, Array]]) -> Difference:
    """The mean over independent sets of clips of their differences, each set weighing the same.

    The standard error combines those of the sets, with Welch's and Satterthwaite's degrees of freedom for Student's
    interval; the p-value flips the signs in all sets together. Claims something from `FEWEST` pairs in all.

    Args:
        pairs: first and second sample of each set, of two clips or more.

    Raises:
        ValueError: as `paired_difference`, or a set of a single clip, whose spread nobody knows.
    """
    for first, second in pairs:
        _check(first, second)
    differences = [second - first for first, second in pairs]
    sizes = np.array([len(each) for each in differences])
    if not len(sizes) or sizes.min() < 2:
        raise ValueError(f"Each set needs two clips at the least, got {sizes.tolist()}.")
    n, mean = int(sizes.sum()), float(np.mean([each.mean() for each in differences]))
    if n < FEWEST:
        return Difference(mean, n)
    if all(_rounding_only(first, second) for first, second in pairs):
        return Difference(mean, n, 0.0, mean, mean, 1.0, n - len(pairs))
    variances = np.array([each.var(ddof=1) for each in differences]) / sizes / len(pairs) ** 2
    error = float(variances.sum() ** 0.5)
    degrees = float(variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum()) if error else float(n - len(pairs))
    reach = float(scipy.special.stdtrit(degrees, (1 + CONFIDENCE) / 2)) * error
    weighted = np.concatenate([each / len(each) for each in differences])
    return Difference(mean, n, error, mean - reach, mean + reach, _p_value(weighted), degrees)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number (Holm 1979): at most 5 % of tables of equals then hold one below 0.05."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def smallest_p_value(n: int) -> float:
    """The least that approximate randomisation can give for n pairs."""
    return 2.0 ** (1 - n) if n <= EXACT else 1 / (FLIPS + 1)


def _check(first: Array, second: Array) -> None:
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(f"Paired samples are two vectors of one length, got {first.shape} and {second.shape}.")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("Paired samples hold finite numbers only: leave out the pairs that have no score.")


def _rounding_only(first: Array, second: Array) -> bool:
    largest = max(np.abs(first).max(), np.abs(second).max())
    return bool(np.abs(second - first).max() <= ROUNDING * largest)


def _p_value(differences: Array) -> float:
    """The share of sign patterns whose sum is as far from zero as that of the differences."""
    sizes = np.sort(np.abs(differences))
    n, bar = len(sizes), abs(differences.sum()) - 1e-9 * sizes.sum()
    if n <= EXACT:  # without the half of the patterns that mirror the others
        bits = np.arange(2 ** (n - 1))[:, None] >> np.arange(n) & 1
        return float(np.mean(np.abs((1.0 - 2.0 * bits) @ sizes) >= bar))
    generator = np.random.default_rng(SEED)
    reached, rows = 1, max(1, 2**20 // n)  # the differences as they are count as one pattern
    for start in range(0, FLIPS, rows):
        bits = generator.integers(2, size=(min(rows, FLIPS - start), n), dtype=np.int8)
        reached += int(np.sum(np.abs((1.0 - 2.0 * bits) @ sizes) >= bar))
    return reached / (FLIPS + 1)
