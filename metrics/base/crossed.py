"""The 95 % interval of a mean over two crossed samples, such as prompts and the seeds of trainings.

Both vary: other prompts, or trainings from other seeds, would have given another mean. Its variance is at most that of
the means by prompt plus that of the means by seed (the two-way clustered variance without its negative term; Cameron,
Gelbach and Miller 2011). The half-lengths of Student's intervals of the two are added in quadrature (Howe 1974), which
covers what it says however few seeds there are; Welch's and Satterthwaite's degrees of freedom do not with three. With
three seeds the interval is wide, as it should be.
"""

from __future__ import annotations

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from metrics.base.intervals import CONFIDENCE, FEWEST, mean_interval


def crossed_interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Interval of the mean of all values; None below five prompts.

    Args:
        values: float64 [seeds, prompts]. A single seed, as of what is not trained, leaves the interval over prompts.
    """
    seeds, prompts = values.shape
    if prompts < FEWEST:
        return None
    if seeds == 1:
        return mean_interval(values[0])
    mean = float(values.mean())
    squared = 0.0
    for means in (values.mean(0), values.mean(1)):
        student = scipy.special.stdtrit(len(means) - 1, (1 + CONFIDENCE) / 2)
        squared += float(student**2 * means.var(ddof=1) / len(means))
    reach = squared**0.5
    return mean - reach, mean + reach
