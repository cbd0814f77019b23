"""Ratios of times: robust estimates with intervals, and what may be claimed from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from reports.profiles import Estimate

FEWEST = 6
"""Pairs below which no 95 % interval of signed ranks exists."""
FLOOR = 0.02
"""No difference below this share is claimed, however narrow the interval: where the linker and the allocator happen to
put things moves times by as much (Mytkowicz et al. 2009, doi:10.1145/1508244.1508275)."""
TAIL = 0.025

Claim = Literal["slower", "faster"]


def paired_ratio(ratios: Sequence[float]) -> Estimate:
    """The typical one of paired ratios: Hodges and Lehmann's estimate on logarithms, with Wilcoxon's 95 % interval.

    Three in ten of the pairs may be disturbed by other processes before it goes astray, and it needs no more than a
    distribution that is symmetric around the true ratio. Below six pairs there is no interval.
    """
    logs = np.log(np.asarray(ratios, np.float64))
    count = len(logs)
    rows, columns = np.triu_indices(count)
    means = np.sort((logs[rows] + logs[columns]) / 2)  # Walsh averages
    value = math.exp(float(np.median(means)))
    if count < FEWEST:
        return Estimate(value=value)
    cut = int(np.searchsorted(_signed_rank_distribution(count), TAIL, side="right"))
    return Estimate(value=value, low=math.exp(float(means[cut - 1])), high=math.exp(float(means[-cut])))


def _signed_rank_distribution(count: int) -> NDArray[np.float64]:
    """P(T <= t) of Wilcoxon's signed-rank sum for t = 0 .. count (count + 1) / 2."""
    ways = np.ones(1)
    for rank in range(1, count + 1):
        shifted = np.concatenate([np.zeros(rank), ways])
        ways = (np.concatenate([ways, np.zeros(rank)]) + shifted) / 2
    return np.cumsum(ways)


def spread_of(control: Estimate) -> float:
    """The share within which two times of the very same thing are known to agree."""
    ends = [end for end in (control.low, control.high) if end is not None]
    return max(abs(math.log(end)) for end in (*ends, control.value))


def claim(ratio: Estimate, control: Estimate) -> tuple[Claim | None, float, str | None]:
    """Whether a difference is claimed, the share that it has to exceed, and why it is not.

    It is claimed where the whole interval is further from 1 than the control's interval reaches, and than `FLOOR`.
    """
    spread = max(spread_of(control), FLOOR)
    if ratio.low is None or ratio.high is None or control.low is None:
        return None, spread, f"fewer than {FEWEST} pairs: no interval"
    if ratio.low <= 1 <= ratio.high:
        return None, spread, "the interval holds 1"
    if min(abs(math.log(ratio.low)), abs(math.log(ratio.high))) <= spread:
        return None, spread, f"the interval comes within {100 * spread:.1f} %, the spread of equal times"
    return ("slower" if ratio.value > 1 else "faster"), spread, None


def ratio_of_sums(above: Sequence[float], below: Sequence[float]) -> Estimate | None:
    """The ratio of two sums over clips, with the jackknife's 95 % interval; None where the sum below is zero."""
    x, y = np.asarray(above, np.float64), np.asarray(below, np.float64)
    if not y.sum() > 0:
        return None
    value, count = float(x.sum() / y.sum()), len(x)
    if count < FEWEST or np.any(y.sum() - y <= 0):
        return Estimate(value=value)
    without = (x.sum() - x) / (y.sum() - y)
    error = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    reach = -float(stdtrit(count - 1, TAIL)) * error
    return Estimate(value=value, low=value - reach, high=value + reach)


def exponent(levels: Sequence[float], seconds: Sequence[float]) -> Estimate | None:
    """The exponent of seconds = c * level ** exponent by least squares on logarithms, with Student's 95 % interval.

    None where fewer than three levels differ.
    """
    if len({round(level, 9) for level in levels}) < 3:
        return None
    x, y = np.log(np.asarray(levels, np.float64)), np.log(np.asarray(seconds, np.float64))
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    left = y - y.mean() - slope * centred
    freedom = len(x) - 2
    error = math.sqrt(float(left @ left) / freedom / float(centred @ centred))
    reach = -float(stdtrit(freedom, TAIL)) * error
    return Estimate(value=slope, low=slope - reach, high=slope + reach)
