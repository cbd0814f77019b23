"""Whether the scores of two generators differ by more than their uncertainty."""

from __future__ import annotations

import math
from statistics import fmean, stdev

import scipy  # its parts are imported when they are first used

from reports.results import Cell

FEWEST = 5
"""Below this many common clips no paired interval is made."""
LEVEL = 0.95


def resolved(better: Cell, worse: Cell) -> bool:
    """Whether the data show the first score to be better than the second, in the direction of the metric.

    The clips that both were scored on are paired: the 95 % interval of the mean difference (Student's t) lies on the
    better side of zero. Without scores by clip the two 95 % intervals must be apart; without intervals nothing is
    resolved.
    """
    if better.value is None or worse.value is None:
        return False
    sign = 1.0 if better.direction == "higher" else -1.0
    paired = difference(better, worse)
    if paired is not None:
        low, high = sorted((sign * paired[0], sign * paired[1]))
        return low > 0 and high > 0
    if better.low is None or better.high is None or worse.low is None or worse.high is None:
        return False
    return better.low > worse.high if better.direction == "higher" else better.high < worse.low


def difference(first: Cell, second: Cell) -> tuple[float, float] | None:
    """The 95 % interval of the mean of first - second over their common clips; None for fewer than `FEWEST`."""
    keys = sorted(first.by_clip.keys() & second.by_clip.keys())
    if len(keys) < FEWEST:
        return None
    found = [first.by_clip[key] - second.by_clip[key] for key in keys]
    half = float(scipy.special.stdtrit(len(keys) - 1, (1 + LEVEL) / 2)) * stdev(found) / math.sqrt(len(keys))
    return fmean(found) - half, fmean(found) + half
