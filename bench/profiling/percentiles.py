"""Percentiles of latencies, with the least number of samples that each of them takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from reports.profiles import Distribution, Percentile

DEFAULT = (50.0, 90.0, 95.0, 99.0)
TAIL = 0.025
"""What each end of a 95 % interval leaves out."""


def needs(percent: float) -> int:
    """The fewest samples from which a percentile is told: the largest lies above it, and the smallest below, with
    probability 0.975 each. With fewer there is no 95 % interval that makes no assumption on the distribution.

    >>> [needs(percent) for percent in (50, 90, 95, 99)]
    [6, 36, 72, 368]
    """
    share = max(percent, 100 - percent) / 100
    return math.ceil(math.log(TAIL) / math.log(share))


def percentile(samples: Sequence[float], percent: float) -> Percentile:
    """The nearest-rank percentile: the smallest sample that at least `percent` % of the samples do not exceed.

    Hyndman and Fan's type 1, NumPy's `inverted_cdf`: always a latency that was seen, never a mean of two. Its interval
    lies between two order statistics by the binomial distribution, exact for any continuous one, at least 95 %.
    """
    ordered, share, least = np.sort(np.asarray(samples, np.float64)), percent / 100, needs(percent)
    count = len(ordered)
    if count < least:
        return Percentile(percent=percent, needs=least)
    rank = max(1, math.ceil(round(share * count, 9)))  # rounded: 0.95 * 20 is a little over 19 in binary
    below = binom.cdf(np.arange(count), count, share)  # [k]: probability that at most k samples lie below
    low = int(np.searchsorted(below, TAIL, side="right"))
    high = int(np.searchsorted(below, 1 - TAIL, side="left")) + 1
    return Percentile(
        percent=percent,
        needs=least,
        value=float(ordered[rank - 1]),
        low=float(ordered[max(low, 1) - 1]),
        high=float(ordered[min(high, count) - 1]),
    )


def distribution(samples: Sequence[float], percents: Sequence[float] = DEFAULT) -> Distribution:
    """What is told of some latencies."""
    return Distribution(
        samples=tuple(samples),
        mean=float(np.mean(samples)),
        least=min(samples),
        greatest=max(samples),
        percentiles=tuple(percentile(samples, percent) for percent in percents),
    )
