"""Tables of a stress study: what became of the supplement's claims, and every metric against each damage's strength."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reports.numbers import decimals
from reports.results import Change, Claim, Results, StressPoint
from reports.sweep import with_own_footnotes
from reports.tables import Entry, Row, Table, score_frame, score_table

if TYPE_CHECKING:
    import pandas as pd

CLEAN = "none"
_REMARK = (
    "Below each value its difference to the undamaged prompts, with the 95 % interval, on the clips of both; bold "
    "where the interval leaves zero out. The last column counts the prompts that were refused or failed."
)


def families(results: Results) -> list[str]:
    """The generators that were given damaged prompts, in the study's order."""
    stressed = {point.family for point in results.study.stress.values()}
    return [label for label in results.study.generators if label in stressed]


def damages(results: Results, family: str) -> dict[str, list[str]]:
    """The labels of a generator's variants by damage, in the study's order."""
    found: dict[str, list[str]] = {}
    for label in results.study.generators:
        point = results.study.stress.get(label)
        if point is not None and point.family == family:
            found.setdefault(point.damage, []).append(label)
    return found


def shown(point: StressPoint) -> str:
    """A strength with its unit."""
    return "yes" if point.strength is None else f"{point.strength:g} {point.unit}"


def claim_table(results: Results) -> Table | None:
    """The supplement's claims, generator by generator; None where the study has no damaged prompts."""
    places = list(dict.fromkeys((claim.dataset, claim.generator) for claim in results.claims))
    if not places:
        return None
    several = len(results.study.datasets) > 1
    groups = []
    for dataset, generator in places:
        label = f"{generator}, {dataset}" if several else generator
        own = [claim for claim in results.claims if (claim.dataset, claim.generator) == (dataset, generator)]
        groups.append(tuple(Row((label, claim.claim, claim.verdict), (Entry(claim.evidence),)) for claim in own))
    return Table(
        title=f"Claims of the paper's supplement, decided by {results.study.name}",
        labels=("generator", "claim", "verdict"),
        headings=(Entry("what was measured"),),
        groups=tuple(groups),
        words=1,
        remarks=(
            "A claim holds or fails where the whole 95 % interval lies on one side of the stated margin; else it cannot"
            " be said. Damages at the worst strength that was narrated, paired by clip with the undamaged prompts.",
        ),
    )


def stress_tables(results: Results) -> tuple[Table, ...]:
    """For each generator and dataset, every metric against the strength of every damage."""
    scores = score_table(results)
    rows = {row.labels: row for group in scores.groups for row in group}
    changes = {(c.dataset, c.generator, c.metric): c for c in results.changes}
    made = []
    for family in families(results):
        for dataset in results.study.datasets:
            groups = []
            for damage, labels in damages(results, family).items():
                named = {family: CLEAN} | {label: shown(results.study.stress[label]) for label in labels}
                groups.append(
                    tuple(
                        Row((damage, text), (*_moved(results, rows[dataset, at], changes), _lost(results, dataset, at)))
                        for at, text in named.items()
                    )
                )
            scales = {p.damage: p.scale for p in results.study.stress.values() if p.scale}
            told = "; ".join(f"{name}: {scale}" for name, scale in scales.items())
            made.append(
                with_own_footnotes(
                    Table(
                        title=f"{family} under stress, {dataset}",
                        labels=("damage", "strength"),
                        headings=(*scores.headings, Entry("no clip")),
                        groups=tuple(groups),
                        footnotes=scores.footnotes,
                        caption=scores.caption,
                        remarks=(_REMARK, *([f"Strengths: {told}."] if told else [])),
                    )
                )
            )
    return tuple(made)


def stress_frame(results: Results) -> pd.DataFrame:
    """Every cell of the generators under stress, with its damage, strength and the difference to undamaged prompts."""
    stress, kept = results.study.stress, set(families(results))
    changes = {(c.dataset, c.generator, c.metric): c for c in results.changes}
    frame = score_frame(results)
    frame = frame[frame["generator"].isin(kept | set(stress))].copy()
    points = [stress.get(label) for label in frame["generator"]]
    frame.insert(0, "family", [p.family if p else label for p, label in zip(points, frame["generator"], strict=True)])
    frame.insert(1, "damage", [p.damage if p else CLEAN for p in points])
    frame.insert(2, "strength", [p.strength if p else None for p in points])
    frame.insert(3, "strength_unit", [p.unit if p else "" for p in points])
    found = [changes.get(tuple(place)) for place in frame[["dataset", "generator", "metric"]].itertuples(index=False)]
    for name in ("difference", "low", "high", "p_value", "n"):
        column = "difference" if name == "difference" else f"difference_{name}"
        frame[column] = [getattr(change, name) if change else None for change in found]
    return frame


def claim_frame(results: Results) -> pd.DataFrame:
    """Every claim, one row each."""
    import pandas as pd  # the tables for people do without

    return pd.DataFrame([claim.model_dump() for claim in results.claims], columns=list(Claim.model_fields))


def _moved(results: Results, row: Row, changes: dict[tuple[str, str, str], Change]) -> list[Entry]:
    """A row's entries, those of a variant with how far they moved; one that moved beyond doubt is marked."""
    dataset, label = row.labels
    entries = []
    for metric, entry in zip(results.study.metrics, row.entries, strict=True):
        change = changes.get((dataset, label, metric))
        if change is None:
            entries.append(replace(entry, mark=None))
            continue
        clear = change.low is not None and change.high is not None and not change.low <= 0 <= change.high
        entries.append(replace(entry, small=_told(change), mark="best" if clear else None))
    return entries


def _told(change: Change) -> str:
    places = decimals(change.difference)
    text = f"{change.difference:+.{places}f}"
    if change.low is not None and change.high is not None:
        text += f" [{change.low:+.{places}f}, {change.high:+.{places}f}]"
    return f"{text} ({change.n})"


def _lost(results: Results, dataset: str, label: str) -> Entry:
    """How many prompts gave no clip, of all; the reasons stand where a metric is missing."""
    clips = [clip for clip in results.clips if (clip.dataset, clip.generator) == (dataset, label)]
    return Entry(f"{sum(clip.error is not None for clip in clips)} of {len(clips)}")
