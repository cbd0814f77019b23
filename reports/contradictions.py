"""What makes results unusable although each part of them is well formed: parts that contradict each other."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from reports.text import visible

if TYPE_CHECKING:
    from reports.results import Best, Record, Results

ROUNDING = {"rel_tol": 1e-6, "abs_tol": 1e-6}
"""How far a score may be from the mean over its clips."""


def contradiction_of(results: Results) -> str | None:
    """What the parts of a results file say against each other."""
    study = results.study
    known = {"dataset": set(study.datasets), "generator": set(study.generators), "metric": set(study.metrics)}
    for what, names in known.items():
        if not names:
            return f"its study names no {what}"
    for what, named in (("generator", set(study.sweep)), *_chosen_by(study.best)):
        if unknown := sorted(named - known[what]):
            return f"its sweep names the {what} '{visible(unknown[0])[:80]}', which its study does not"
    if unknown := sorted(set(study.untrained) - known["generator"]):
        return f"it calls the generator '{visible(unknown[0])[:80]}' untrained, which its study does not name"
    named = set(study.stress) | {point.family for point in study.stress.values()}
    if unknown := sorted(named - known["generator"]):
        return f"its stress names the generator '{visible(unknown[0])[:80]}', which its study does not"
    parts: dict[str, tuple[Record, ...]] = {
        "cell": results.cells, "profile": results.profiles, "clip": results.clips, "finding": results.findings,
        "change": results.changes, "claim": results.claims,
    }  # fmt: skip
    for part, records in parts.items():
        for record in records:
            for what in known.keys() & type(record).model_fields.keys():
                if (name := getattr(record, what)) not in known[what]:
                    return f"a {part} names the {what} '{visible(name)[:80]}', which its study does not"
    seen = set()
    for cell in results.cells:
        if cell.place in seen:
            return f"the cell of {', '.join(map(visible, cell.place))} stands twice"
        if (cell.value is None) == (cell.missing is None):
            return f"the cell of {', '.join(map(visible, cell.place))} must have a value or a reason why it is missing"
        if cell.by_clip and not math.isclose(mean := fmean(cell.by_clip.values()), cell.value or 0.0, **ROUNDING):
            return f"the clips of {', '.join(map(visible, cell.place))} have a mean of {mean:g}, the cell {cell.value}"
        seen.add(cell.place)
    return None


def _chosen_by(best: Best | None) -> list[tuple[str, set[str]]]:
    if best is None:
        return []
    return [("metric", {best.metric}), ("dataset", set() if best.dataset is None else {best.dataset})]
