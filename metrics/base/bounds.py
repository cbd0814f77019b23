"""Where a metric's scale begins and ends on a given set of reference clips, to read every other score by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from metrics.base.clip_set import Part
from metrics.base.intervals import split_in_halves
from metrics.base.metric import DistributionMetric, PairedMetric, Statistics, Unmeasurable
from metrics.base.score import Score

NO_PARTNER = "there is no other clip to be paired with"


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

    * A paired metric: each reference against itself; each against another one's, half the set away
      (`chance_partners`).
    * A distribution metric: one random half of the references against the other half. Its chance is missing, since the
      distance between two sets does not depend on which clip belongs to which prompt.
    """
    if isinstance(metric, PairedMetric):
        partners = chance_partners(reference)
        chance = _paired(metric, reference, partners) if partners else metric.missing(NO_PARTNER)
        return Bounds(_paired(metric, reference, {key: key for key in reference}), chance)
    chance = metric.missing("a distance between sets does not depend on which clip belongs to which prompt")
    if len(reference) < 2:
        return Bounds(metric.missing(f"two halves need two clips at the least, got {len(reference)}"), chance)
    keys, others = split_in_halves(sorted(reference))
    ceiling = metric.score(Part(reference, keys), Part(reference, others))
    note = f"two halves of {len(keys)} clips; fewer clips than in a score of all raise a distance between sets"
    return Bounds(replace(ceiling, notes=(*ceiling.notes, note)), chance)


def chance_partners(keys: Iterable[str]) -> dict[str, str]:
    """For each clip the one half the set away in the order of keys; none at all where there is only one clip."""
    ordered = sorted(keys)
    reach = len(ordered) // 2
    return {key: ordered[(place + reach) % len(ordered)] for place, key in enumerate(ordered)} if reach else {}


def _paired(metric: PairedMetric, reference: Mapping[str, Statistics], partners: Mapping[str, str]) -> Score:
    """Each clip against its partner."""
    pairs: dict[str, Statistics] = {}
    failed: dict[str, str] = {}
    for key in sorted(reference):
        try:
            pairs[key] = metric.compare(reference[key], reference[partners[key]])
        except Unmeasurable as reason:
            failed[key] = str(reason)
    return metric.score(pairs, failed)
