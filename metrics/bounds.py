"""Where a metric's scale begins and ends on a given set of reference clips, to read every other score by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from metrics.intervals import split_in_halves
from metrics.metric import DistributionMetric, PairedMetric, Statistics, Unmeasurable
from metrics.score import Score


@dataclass(frozen=True)
class Bounds:
    """Two scores of the reference clips alone.

    Attributes:
        ceiling: what perfect clips would get.
        chance: what clips with nothing to do with their prompts would get.
    """

    ceiling: Score
    chance: Score


def bounds(metric: DistributionMetric | PairedMetric, reference: Mapping[str, Statistics]) -> Bounds:
    """Ceiling and chance of a metric from the statistics of the reference clips.

    * A paired metric: each reference against itself; each against another one's, half the set away.
    * A distribution metric: one random half of the references against the other half. Its chance is missing, since the
      distance between two sets does not depend on which clip belongs to which prompt.
    """
    if isinstance(metric, PairedMetric):
        return Bounds(_paired(metric, reference, 0), _paired(metric, reference, max(1, len(reference) // 2)))
    keys, others = split_in_halves(sorted(reference))
    ceiling = metric.score({key: reference[key] for key in keys}, {key: reference[key] for key in others})
    note = f"two halves of {len(keys)} clips; fewer clips than in a score of all raise a distance between sets"
    chance = metric.missing("a distance between sets does not depend on which clip belongs to which prompt")
    return Bounds(replace(ceiling, notes=(*ceiling.notes, note)), chance)


def _paired(metric: PairedMetric, reference: Mapping[str, Statistics], offset: int) -> Score:
    """Each clip against the one `offset` places further in the order of keys."""
    keys = sorted(reference)
    if offset and len(keys) < 2:
        return metric.missing("there is no other clip to be paired with")
    pairs: dict[str, Statistics] = {}
    failed: dict[str, str] = {}
    for position, key in enumerate(keys):
        try:
            pairs[key] = metric.compare(reference[key], reference[keys[(position + offset) % len(keys)]])
        except Unmeasurable as reason:
            failed[key] = str(reason)
    return metric.score(pairs, failed)
