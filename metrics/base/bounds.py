"""Where a metric's scale begins and ends on a given set of reference clips, to read every other score by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.base.clip_set import ClipSet, take
from metrics.base.intervals import HALVINGS, SEED
from metrics.base.metric import DistributionMetric, Statistics, Unmeasurable
from metrics.base.score import Score

NO_PARTNER = "there is no other clip to be paired with"
NO_PROMPT = "what is measured of a clip alone does not depend on which prompt it belongs to"
NO_CHANCE = "a distance between sets does not depend on which clip belongs to which prompt"


@dataclass(frozen=True)
class Bounds:
    """Two scores of the reference clips alone.

    Attributes:
        ceiling: what perfect clips would get: of a pair, the reference itself; of a set, other real clips.
        chance: what clips with nothing to do with their prompts would get.
    """

    ceiling: Score
    chance: Score


def set_bounds(metric: DistributionMetric, reference: Mapping[str, Statistics], n: int) -> Bounds:
    """The bounds of a distance between sets: real clips against other real clips, as if each side had enough of them.

    The distance of two random halves of the references is too large, for halves are smaller than the sets of the score
    and a distance between sets falls with their size, about as 1/n. So it is extrapolated in 1/n from halves and
    quarters (means over several random divisions) to the size of the score; never below the metric's own limit. The
    interval is the mean one of the halves, narrowed by the root of the sizes' ratio.

    There is no chance: see `NO_CHANCE`.

    Args:
        metric: what measures the distance.
        reference: statistics of the reference clips by key.
        n: generated clips in the score that is read by the ceiling; the references' own number is the other side's.
    """
    chance = metric.missing(NO_CHANCE)
    if len(reference) < 2:
        return Bounds(metric.missing(f"two halves need two clips at the least, got {len(reference)}"), chance)
    clips = ClipSet.of(reference)
    half, quarter = len(clips) // 2, len(clips) // 4
    try:
        halves = _divided(metric, clips, half)
        estimates = [metric.estimate(*pair) for pair in halves]
    except Unmeasurable as reason:
        return Bounds(metric.missing(str(reason)), chance)
    value = float(np.mean([estimate.value for estimate in estimates]))
    size = 2 / (1 / len(reference) + 1 / n)  # sets of two sizes are biased as two of their harmonic mean
    note = f"two halves of {half} clips, extrapolated to {size:.4g}"
    try:
        if not quarter:
            raise Unmeasurable("too few clips for quarters")
        quarters = float(np.mean([metric.reduce(*pair) for pair in _divided(metric, clips, quarter)]))
        slope = (quarters - value) / (1 / quarter - 1 / half)
        value += slope * (1 / size - 1 / half)
    except Unmeasurable:
        size, note = half, f"two halves of {half} clips; smaller sets lie further apart"
    value = float(np.clip(value, *metric.limits))
    reaches = [e.interval[1] - e.value for e in estimates if e.interval]
    reach = float(np.mean(reaches)) * (half / size) ** 0.5 if len(reaches) == len(estimates) else None
    ceiling = Score(
        value,
        None,
        n=len(reference),
        direction=metric.direction,
        unit=metric.unit,
        signature=metric.signature,
        low=None if reach is None else max(value - reach, metric.limits[0]),
        high=None if reach is None else min(value + reach, metric.limits[1]),
        notes=(note,),
        details={"half": half},
    )
    return Bounds(ceiling, chance)


def chance_partners(keys: Iterable[str]) -> dict[str, str]:
    """For each clip the one half the set away in the order of keys; none at all where there is only one clip."""
    ordered = sorted(keys)
    reach = len(ordered) // 2
    return {key: ordered[(place + reach) % len(ordered)] for place, key in enumerate(ordered)} if reach else {}


def _divided(
    metric: DistributionMetric, clips: Sequence[Statistics], size: int
) -> list[tuple[Sequence[Statistics], Sequence[Statistics]]]:
    """Pairs of disjoint random sets of `size` clips."""
    generator = np.random.default_rng(SEED)
    orders = [generator.permutation(len(clips)) for _ in range(HALVINGS)]
    return [(take(clips, sorted(o[:size])), take(clips, sorted(o[size : 2 * size]))) for o in orders]
