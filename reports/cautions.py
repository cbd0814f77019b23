"""What has to be kept in mind when a run is read: each warning once, with the cells that it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.footnotes import Footnotes, same
from reports.ranking import UNTRAINED, comparable, unranked
from reports.results import Cell, Results

Kind = Literal["The study", "Comparability", "Sample size", "Missing values", "Failures", "Ranking", "Metrics"]
KINDS: tuple[Kind, ...] = (
    "The study", "Comparability", "Missing values", "Failures", "Sample size", "Ranking", "Metrics",
)  # fmt: skip
FEW = 20
"""Below so many clips a cell's interval rests on too few clips to be trusted by itself."""


@dataclass(frozen=True)
class Caution:
    """One warning.

    Attributes:
        kind: the group that it stands in.
        text: the sentence; where the cells' numbers differ, their range.
        where: the cells that it concerns, in words; "" for the whole run.
    """

    kind: Kind
    text: str
    where: str = ""


def cautions(results: Results) -> dict[Kind, list[Caution]]:
    """Every warning of a run by kind, each once."""
    found = [*_study(results), *_comparability(results), *_of_cells(results), *_ranking(results)]
    return {kind: own for kind in KINDS if (own := [caution for caution in found if caution.kind == kind])}


def _study(results: Results) -> Iterator[Caution]:
    for note in results.notes:
        yield Caution("The study", note)
    told = " ".join(results.notes)
    if silent := [name for name in results.study.untrained if name not in told]:
        yield Caution("The study", f"Untrained: {', '.join(silent)}. The weights were drawn from a seed, not learnt.")


def _comparability(results: Results) -> Iterator[Caution]:
    protocols = sorted({cell.protocol for cell in results.cells if cell.protocol})
    if len(protocols) > 1:
        yield Caution(
            "Comparability",
            f"The clips were prepared by {len(protocols)} protocols ({', '.join(protocols)}): values compare only "
            "where the protocol is the same.",
        )
    rivals: dict[tuple[str, str], list[Cell]] = {}
    for cell in results.cells:
        if cell.generator not in results.study.bounds:
            rivals.setdefault((cell.dataset, cell.metric), []).append(cell)
    if mixed := [cells[0] for cells in rivals.values() if not comparable(cells)]:
        yield Caution(
            "Comparability",
            "Signatures or protocols differ between the generators: these values do not compare and none is marked.",
            places(results, mixed, generators=False),
        )


def _of_cells(results: Results) -> Iterator[Caution]:
    cells = results.cells
    yield from _gathered(results, "Missing values", [(cell, str(cell.missing)) for cell in cells if cell.value is None])
    failed = [(cell, reason) for cell in cells for reason in dict.fromkeys(cell.failed.values())]
    yield from _gathered(results, "Failures", failed)
    if few := [cell for cell in cells if cell.value is not None and cell.n < FEW]:
        counts = sorted({cell.n for cell in few})
        count = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
        yield Caution(
            "Sample size",
            f"n = {count} clips, fewer than {FEW}: intervals are wide and themselves uncertain; only large "
            "differences can be shown.",
            places(results, few),
        )
    notes = [(cell, note) for cell in cells if cell.value is not None for note in cell.notes if note != UNTRAINED]
    for caution in _gathered(results, "Metrics", notes):
        kind: Kind = "Sample size" if "sample" in caution.text else "Metrics"
        yield Caution(kind, caution.text, caution.where)


def _ranking(results: Results) -> Iterator[Caution]:
    by_place = {cell.place: cell for cell in results.cells}
    reasons = [
        (by_place[dataset, generator, metric], reason)
        for metric in results.study.metrics
        for dataset in results.study.datasets
        for generator, reason in unranked(results, dataset, metric).items()
    ]
    yield from _gathered(results, "Ranking", reasons)


def _gathered(results: Results, kind: Kind, told: Sequence[tuple[Cell, str]]) -> Iterator[Caution]:
    """One warning for all sentences that differ in their numbers only."""
    alike: dict[str, tuple[Footnotes, list[Cell]]] = {}
    for cell, text in told:
        notes, cells = alike.setdefault(same(text), (Footnotes(), []))
        notes.number(text)
        cells.append(cell)
    for notes, cells in alike.values():
        yield Caution(kind, notes.texts[0][:1].upper() + notes.texts[0][1:], places(results, cells))


def places(results: Results, cells: Sequence[Cell], generators: bool = True) -> str:
    """Which cells, in words: metrics, generators and datasets, each "all" where none is left out."""
    study = results.study
    parts = [
        named([metric.title for name, metric in study.metrics.items() if name in {c.metric for c in cells}], "metrics",
              len(study.metrics)),
        named([name for name in study.generators if name in {c.generator for c in cells}], "generators",
              len(study.generators)) if generators else "",
        named([name for name in study.datasets if name in {c.dataset for c in cells}], "datasets", len(study.datasets)),
    ]  # fmt: skip
    return " · ".join(filter(None, parts))


def named(names: Sequence[str], what: str, of: int) -> str:
    """
    >>> named(["a", "b"], "datasets", 2), named(["a", "b"], "datasets", 3), named(["a"], "datasets", 1)
    ('all 2 datasets', 'a and b', 'a')
    """
    if len(names) == of > 1:
        return f"all {of} {what}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))
