"""What a run shows and what it does not, in sentences made from its cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reports.cautions import FEW, named
from reports.ranking import above, marks, unranked
from reports.results import Cell, Results


@dataclass(frozen=True)
class Conclusions:
    """Sentences: what may be concluded, and what may not."""

    shown: tuple[str, ...]
    not_shown: tuple[str, ...]


def conclusions(results: Results) -> Conclusions:
    """The sentences for the top of the page; the same results give the same sentences."""
    view = _View(results)
    shown = [*_best(view), *_above_chance(view)]
    not_shown = [*_tied(view), *_not_above_chance(view), *_untrained(view), *_scope(view)]
    if not shown:
        shown = ["No difference between generators, and none from chance, is larger than its uncertainty."]
    return Conclusions(tuple(shown), tuple(not_shown))


class _View:
    """Cells by place, and the marks and ranks that the score table shows."""

    def __init__(self, results: Results) -> None:
        self.results, self.study = results, results.study
        self.cells = {cell.place: cell for cell in results.cells}
        self.rivals = [name for name in self.study.generators if name not in self.study.bounds]
        self.learnt = [name for name in self.rivals if name not in self.study.untrained]
        self.best: dict[tuple[str, str], list[str]] = {}
        self.ranked: dict[tuple[str, str], list[Cell]] = {}
        for dataset in self.study.datasets:
            for metric in self.study.metrics:
                without = unranked(results, dataset, metric)
                cells = [cell for name in self.rivals if (cell := self.cells.get((dataset, name, metric)))]
                place = dataset, metric
                self.ranked[place] = [c for c in cells if c.value is not None and c.generator not in without]
                found = marks(cells, without)
                self.best[place] = [name for name, mark in found.items() if mark == "best"]

    def datasets(self, names: Iterable[str]) -> str:
        """Datasets in the study's order, in words."""
        known = set(names)
        return named([name for name in self.study.datasets if name in known], "datasets", len(self.study.datasets))

    def metrics(self, names: Iterable[str]) -> str:
        """Metrics in the study's order, in words."""
        known = set(names)
        titles = [metric.title for name, metric in self.study.metrics.items() if name in known]
        return named(titles, "metrics", len(self.study.metrics))

    def together(self, places: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
        """Metrics that have the same datasets, with these: in words."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for metric, datasets in places.items():
            alike.setdefault(tuple(datasets), []).append(metric)
        for where, metrics in alike.items():
            yield self.metrics(metrics), self.datasets(where)


def _best(view: _View) -> Iterator[str]:
    wins: dict[str, dict[str, list[str]]] = {}
    for (dataset, metric), names in view.best.items():
        for name in names:
            wins.setdefault(name, {}).setdefault(metric, []).append(dataset)
    for name in view.rivals:
        for metrics, datasets in view.together(wins.get(name, {})):
            yield f"{name} is better than every other ranked generator by {metrics} on {datasets}."


def _tied(view: _View) -> Iterator[str]:
    tied: dict[str, list[str]] = {}
    for (dataset, metric), cells in view.ranked.items():
        if len(cells) > 1 and not view.best[dataset, metric]:
            tied.setdefault(metric, []).append(dataset)
    for metrics, datasets in view.together(tied):
        yield (
            f"Which generator is best by {metrics} on {datasets}: "
            "the leading values differ by less than their uncertainty."
        )


def _chance(view: _View, wanted: bool) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Of each generator that was learnt the metrics and datasets where it is, or is not, shown to be above chance."""
    chance = view.study.bound("chance", view.study.generators)
    for name in view.learnt if chance else ():
        found: dict[str, list[str]] = {}
        for metric in view.study.metrics:
            for dataset in view.study.datasets:
                cell, floor = view.cells.get((dataset, name, metric)), view.cells.get((dataset, str(chance), metric))
                if cell and floor and None not in (cell.value, floor.value) and above(cell, floor) is wanted:
                    found.setdefault(metric, []).append(dataset)
        if found:
            yield name, found


def _above_chance(view: _View) -> Iterator[str]:
    for names, where in _alike(view, wanted=True):
        yield f"Better than chance: {names}, {where}."


def _not_above_chance(view: _View) -> Iterator[str]:
    for names, where in _alike(view, wanted=False):
        yield f"Better than chance, or not: {names}, {where}."


def _alike(view: _View, wanted: bool) -> Iterator[tuple[str, str]]:
    """Generators that are, or are not, above chance in the same places, and the places: in words."""
    alike: dict[str, list[str]] = {}
    for name, found in _chance(view, wanted):
        where = "; ".join(f"by {metrics} on {datasets}" for metrics, datasets in view.together(found))
        alike.setdefault(where, []).append(name)
    for where, names in alike.items():
        yield named(names, "generators", len(view.rivals)), where


def _untrained(view: _View) -> Iterator[str]:
    if view.study.untrained:
        names = ", ".join(view.study.untrained)
        yield f"Anything about the quality of {names}: untrained weights show that the model runs, not how good it is."


def _scope(view: _View) -> Iterator[str]:
    counts = [cell.n for cell in view.results.cells if cell.value is not None]
    if counts and min(counts) < FEW:
        yield f"Small differences: {_clips(counts)}. Run more clips before ranking generators that lie close together."
    missing = {cell.metric for cell in view.results.cells if cell.value is None}
    if missing:
        yield f"A complete comparison by {view.metrics(missing)}: values are missing, see the warnings."
    yield ("How another seed, corpus or protocol would turn out: the intervals are over the clips of this run alone.")


def _clips(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"each value rests on {low} clips" if low == high else f"each value rests on {low} to {high} clips"
