"""Several runs, the oldest first: which numbers may stand in one column, and what changed between the runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reports.results import Cell, Metric, Results

NEVER = "—"
"""What a run does not have."""


@dataclass(frozen=True)
class Dated:
    """A run and what tables call it."""

    name: str
    results: Results

    def cell(self, dataset: str, generator: str, metric: str) -> Cell | None:
        """The cell of a place; None where the run has none."""
        return self._cells.get((dataset, generator, metric))

    def asked(self, dataset: str) -> frozenset[tuple[str, str, str]]:
        """Which clips the run is about: key, prompt and reference of each, by their hashes."""
        bounds = self.results.study.bounds
        return frozenset(
            (clip.key, clip.prompt, clip.reference_identity)
            for clip in self.results.clips
            if clip.dataset == dataset and clip.generator not in bounds
        )

    @cached_property
    def _cells(self) -> dict[tuple[str, str, str], Cell]:
        return {cell.place: cell for cell in self.results.cells}


@dataclass(frozen=True)
class Column:
    """A metric made in one way: only values of equal signature and equal protocol stand in one column.

    `number` tells columns of one metric apart; None where the runs know one only.
    """

    metric: str
    described: Metric
    signature: str
    protocol: str
    number: int | None = None

    def holds(self, cell: Cell | None) -> bool:
        """Whether a value belongs here; a missing one belongs to the metric's every column."""
        return (
            cell is not None and cell.metric == self.metric
            and (cell.value is None or (cell.signature, cell.protocol) == (self.signature, self.protocol))
        )  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """What differs between a run and the one before it."""

    before: str
    run: str
    what: str
    was: str
    now: str


@dataclass(frozen=True)
class History:
    """Runs, the oldest first.

    Raises:
        ValueError: fewer than two runs, or two of one name.
    """

    runs: tuple[Dated, ...]

    def __post_init__(self) -> None:
        if len(self.runs) < 2 or len({run.name for run in self.runs}) < len(self.runs):
            raise ValueError("a history needs two runs or more, each with a name of its own")

    @property
    def datasets(self) -> tuple[str, ...]:
        """Of all runs, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for run in self.runs for name in run.results.study.datasets))

    @property
    def generators(self) -> tuple[str, ...]:
        """Of all runs, bounds last."""
        names = dict.fromkeys(name for run in self.runs for name in run.results.study.generators)
        return tuple(sorted(names, key=lambda name: name in self.bounds))

    @property
    def bounds(self) -> frozenset[str]:
        """Labels that are a bound in every run that has them."""
        named = [(run.results.study.generators, run.results.study.bounds) for run in self.runs]
        labels = {label for labels, _ in named for label in labels}
        return frozenset(x for x in labels if all(x in bounds for labels, bounds in named if x in labels))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Metric by metric in the order of their first appearance, each way of making it by its first run."""
        ways: dict[str, dict[tuple[str, str], Metric]] = {}
        for run in self.runs:
            for name in run.results.study.metrics:
                ways.setdefault(name, {})
            for cell in run.results.cells:
                if cell.value is not None:
                    described = run.results.study.metrics[cell.metric]
                    ways[cell.metric].setdefault((cell.signature, cell.protocol), described)
        return tuple(
            Column(metric, described, *way, number=place if len(made) > 1 else None)
            for metric, made in ways.items()
            for place, (way, described) in enumerate(made.items(), 1)
        )

    def differing(self, column: Column) -> str:
        """How a column differs from the first one of its metric, in words; empty for the first."""
        first = next(each for each in self.columns if each.metric == column.metric)
        told = [f"signature {part}" for part in _parts(first.signature, column.signature)]
        if first.protocol != column.protocol:
            told.append(f"protocol {first.protocol or 'unknown'} in column 1, {column.protocol or 'unknown'} here")
        return "; ".join(told)

    @cached_property
    def changes(self) -> tuple[Changed, ...]:
        """What changed from each run to the next: the study, the protocol, signatures, prompts and the environment."""
        return tuple(
            Changed(before.name, run.name, what, was, now)
            for before, run in zip(self.runs, self.runs[1:], strict=False)
            for what, was, now in _changes(before, run)
        )


def _changes(before: Dated, run: Dated) -> Iterator[tuple[str, str, str]]:
    one, other = _told(before), _told(run)
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            yield name, one.get(name, NEVER), other.get(name, NEVER)
    for dataset in before.results.study.datasets:
        was, now = before.asked(dataset), run.asked(dataset)
        if was != now and was and now:
            yield f"clips of {dataset}", f"{len(was)}", f"{len(now)}, of which {len(was & now)} as before"


def _told(run: Dated) -> dict[str, str]:
    """All that a run's numbers may depend on, by name, as text."""
    results, study = run.results, run.results.study
    told = {"study": study.name, "seed": str(study.seed)}
    for what in ("datasets", "generators", "metrics", "untrained"):
        told[what] = ", ".join(getattr(study, what)) or NEVER
    told |= {f"plug-in of {label}": plugin for label, plugin in study.plugins.items()}
    told |= {f"protocol.{name}": str(value) for name, value in results.protocol.items() if value is not None}
    for metric in study.metrics:
        made = dict.fromkeys(c.signature for c in results.cells if c.metric == metric and c.value is not None)
        if len(made) == 1:
            fields = _fields(next(iter(made)))
            told |= {f"{metric}: {field}": value for field, value in fields.items() if field != "metric"}
        elif made:
            told[f"{metric}: signatures"] = " and ".join(made)
    return told | dict(_flat("environment", results.environment))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A nested mapping by dotted names."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}", part)
    elif value is not None:
        yield name, str(value)


def _parts(first: str, second: str) -> Iterator[str]:
    """The fields of two signatures that differ."""
    one, other = _fields(first), _fields(second)
    for field in dict.fromkeys([*one, *other]):
        if one.get(field) != other.get(field):
            yield f"{field}: {one.get(field, NEVER)} in column 1, {other.get(field, NEVER)} here"


def _fields(signature: str) -> dict[str, str]:
    """
    >>> _fields("fid|region:face|version:1")
    {'metric': 'fid', 'region': 'face', 'version': '1'}
    """
    name, *fields = signature.split("|")
    return {"metric": name} | {key: value for key, _, value in (field.partition(":") for field in fields)}


def history(named: Sequence[tuple[str, Results]]) -> History:
    """A history of runs by name, the oldest first; generators that were given damaged prompts are left out."""
    return History(tuple(Dated(name, results.plain) for name, results in named))
