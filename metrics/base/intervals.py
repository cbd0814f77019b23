"""95 % confidence intervals over clips, seeded, for the mean of paired scores and for any distance between two sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from metrics.base.clip_set import take

CONFIDENCE = 0.95
SEED = 0
MEAN_RESAMPLES = 9999
SET_RESAMPLES = 200
HALVINGS = 4
FEWEST = 5
"""Below this many clips no interval is claimed."""
FEWEST_RESAMPLED = 10
"""Below this many pairs the interval of their mean is not from resamples."""

Clip = TypeVar("Clip")


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Interval of a mean by the studentised bootstrap, below ten values by Student's t; None below five.

    A plain percentile interval covers too little for skewed scores and a few dozen clips. The studentised one (Efron
    and Tibshirani 1993, chapter 12.5) with its tails widened for small samples (Hesterberg 2015, arXiv 1411.5279)
    covers what it says: see `docs/calibration.md`. Below ten values resamples repeat themselves too often for it.

    Args:
        values: one score per clip, float64 [n], in an order that does not depend on how they were computed.
    """
    n = len(values)
    if n < FEWEST:
        return None
    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(n)
    if error == 0:
        return float(mean), float(mean)
    student = scipy.special.stdtrit(n - 1, (1 - CONFIDENCE) / 2)
    if n < FEWEST_RESAMPLED:
        return float(mean + student * error), float(mean - student * error)
    generator = np.random.default_rng(SEED)
    ratios = []
    rows = max(1, 2**20 // n)  # of a block of resamples, so that memory does not grow with the clips
    for start in range(0, MEAN_RESAMPLES, rows):
        samples = values[generator.integers(n, size=(min(rows, MEAN_RESAMPLES - start), n))]
        errors = samples.std(axis=1, ddof=1) / np.sqrt(n)
        varied = errors > 1e-9 * error  # a resample of one value repeated says nothing about the spread
        ratios.append((samples.mean(axis=1)[varied] - mean) / errors[varied])
    told = np.concatenate(ratios)
    tail = scipy.special.ndtr(np.sqrt(n / (n - 1)) * student)
    low, high = np.quantile(told, [tail, 1 - tail])
    if len(told) < (1 - tail) * MEAN_RESAMPLES:
        # All but a few values are equal, and resamples without those few say nothing: no less than Student's interval.
        low, high = min(low, student), max(high, -student)
    return float(mean - high * error), float(mean - low * error)


def bootstrap_interval(
    distance: Callable[[Sequence[Clip], Sequence[Clip]], float], reference: Sequence[Clip], generated: Sequence[Clip]
) -> tuple[float, float] | None:
    """Interval of a distance between two sets: its value and 1.96 bootstrap standard errors to either side.

    Resampling with replacement moves a distance upwards (repeated clips carry less information), so the resampled
    distances serve for their spread only; their percentiles would miss the value itself.
    """
    if min(len(reference), len(generated)) < FEWEST:
        return None
    generator = np.random.default_rng(SEED)
    resampled = [
        distance(_resample(reference, generator), _resample(generated, generator)) for _ in range(SET_RESAMPLES)
    ]
    return around(distance(reference, generated), float(np.std(resampled, ddof=1)))


def jackknife_influences(
    distance: Callable[[Sequence[Clip], Sequence[Clip]], float],
    reference: Sequence[Clip],
    generated: Sequence[Clip],
    value: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """How much each clip moves any distance between two sets, by leaving it out; None for sets that are too many.

    Without a clip the distance is smaller by its influence; each set's are shifted to a sum of zero, which takes the
    distance's bias out of them.

    Args:
        value: the distance between the whole sets.
    """
    if not FEWEST <= min(len(reference), len(generated)) <= max(len(reference), len(generated)) <= SET_RESAMPLES:
        return None
    first = np.array([value - distance(_without(reference, i), generated) for i in range(len(reference))])
    second = np.array([value - distance(reference, _without(generated, i)) for i in range(len(generated))])
    return first - first.mean(), second - second.mean()


def around(value: float, standard_error: float) -> tuple[float, float]:
    """The normal 95 % interval."""
    reach = float(scipy.special.ndtri((1 + CONFIDENCE) / 2)) * standard_error
    return value - reach, value + reach


def _resample(clips: Sequence[Clip], generator: np.random.Generator) -> Sequence[Clip]:
    return take(clips, generator.integers(len(clips), size=len(clips)))


def _without(clips: Sequence[Clip], index: int) -> Sequence[Clip]:
    return take(clips, (i for i in range(len(clips)) if i != index))


def extrapolated(
    distance: Callable[[Sequence[Clip], Sequence[Clip]], float],
    reference: Sequence[Clip],
    generated: Sequence[Clip],
    value: float,
) -> float:
    """A distance between two sets, extrapolated in 1/n to infinite sample size: twice the value less that of halves.

    Chong and Forsyth 2020 (arXiv 1911.07023) fit a line through many set sizes. Here both sets are halved at random,
    several times, and each half is used once: WITHOUT replacement, since sets drawn with replacement hold repeated
    clips and carry the very bias that the extrapolation is to remove.

    Args:
        value: the distance between the whole sets.
    """
    generator = np.random.default_rng(SEED)
    halves = []
    for _ in range(HALVINGS):
        both = [split_in_halves(clips, generator) for clips in (reference, generated)]
        halves += [distance(*halves_of_both) for halves_of_both in zip(*both, strict=True)]
    return 2 * value - float(np.mean(halves))


def split_in_halves(
    clips: Sequence[Clip], generator: np.random.Generator | None = None
) -> tuple[Sequence[Clip], Sequence[Clip]]:
    """Two random halves of equal size, each in the order of the clips; an odd clip is in neither."""
    order = (generator or np.random.default_rng(SEED)).permutation(len(clips))
    middle = len(clips) // 2
    first, second = (take(clips, sorted(part)) for part in (order[:middle], order[middle : 2 * middle]))
    return first, second
