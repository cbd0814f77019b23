"""What a difference allows to be said, in words that cannot be misread."""

from __future__ import annotations

from collections.abc import Sequence

from bench.comparing.pairing import Compared
from bench.comparing.sides import Side
from metrics.base.comparison import LEVEL, Difference, holm, smallest_p_value
from metrics.base.intervals import FEWEST
from reports.comparison import Row, Verdict
from reports.numbers import significant
from reports.results import Metric


def judged(compared: Sequence[tuple[Side, Compared]], metrics: dict[str, Metric]) -> list[Row]:
    """The rows of a comparison: every p-value corrected for all that are tested, and a verdict on each.

    Rows that could not be called different whatever the signs of their differences, because no clip differs or because
    the pairs are too few, are not tested and cost the others nothing (Tarone 1990).

    A difference is claimed where the corrected p-value is at most 0.05 and the interval leaves zero out, so that a
    verdict never contradicts the interval beside it. The smallest visible difference is that at the level at which the
    correction tests the last of the rows that show nothing: 0.05 divided by how many those are.

    Args:
        compared: with the side that the verdict is on.
    """
    found = {i: each.difference for i, (_, each) in enumerate(compared) if each.difference}
    p_values = {i: each.p_value for i, each in found.items() if each.p_value is not None and _can_differ(each)}
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    level = LEVEL / max(1, sum(p > LEVEL for p in adjusted.values()))
    return [_row(side, each, adjusted.get(i), level, metrics[each.metric]) for i, (side, each) in enumerate(compared)]


def _row(side: Side, each: Compared, adjusted: float | None, level: float, metric: Metric) -> Row:
    found = each.difference
    visible = None if found is None else found.visible(level)
    verdict, words = _verdict(side, each, adjusted, visible, level, metric)
    row = Row(
        dataset=each.dataset, metric=each.metric, first=each.first, second=each.second, p_adjusted=adjusted,
        visible=visible, verdict=verdict, words=words, notes=each.notes,
    )  # fmt: skip
    if found is None:
        return row
    measured = {"n": found.n, "difference": found.mean, "standard_error": found.standard_error}
    return row.model_copy(update={**measured, "low": found.low, "high": found.high, "p_value": found.p_value})


def _can_differ(found: Difference) -> bool:
    return not found.equal and smallest_p_value(found.n) <= LEVEL


def _verdict(
    side: Side, each: Compared, adjusted: float | None, visible: float | None, level: float, metric: Metric
) -> tuple[Verdict, str]:
    found = each.difference
    if found is None:
        return "no claim", f"no claim: {each.reason}"
    if found.low is None or found.high is None:
        return "no claim", f"no claim: n = {found.n} is below {FEWEST}"
    if found.equal:
        return "no difference", f"equal on each of the {found.n} clips"
    if adjusted is not None and adjusted <= LEVEL and not found.low <= 0 <= found.high:
        better = (found.mean < 0) == (metric.direction == "lower")
        return ("better", f"{side.name} is better") if better else ("worse", f"{side.name} is worse")
    if visible is None:
        reachable = smallest_p_value(found.n)
        return "no claim", f"no claim: n = {found.n} reaches p = {reachable:.2g} at best, and p = {level:.2g} is needed"
    size = f"{significant(visible)} {metric.unit}".rstrip()
    return "no difference", f"no difference that n = {found.n} can show (smallest visible difference {size})"
