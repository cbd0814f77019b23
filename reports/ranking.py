"""Which scores are best and second best: among generators only, and only where the data resolve the difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, Protocol

from reports.resolution import resolved
from reports.results import Cell, Results

Mark = Literal["best", "second"]

UNTRAINED = "Not marked: its weights were drawn from a seed, not learnt."
NO_CHANCE = "Not marked: the metric needs clips that are aligned in time, and no chance stands beside it to tell."
CLOSED = "Not marked: the metric needs clips that are aligned in time, and here not even its ceiling is above chance."
AT_CHANCE = "Not marked: no better than chance, so the clips are not aligned in time with their references, and the \
metric, which needs that, says nothing of them."
DISCREDITED = "Not marked: worse than chance by every other metric, so that a good value of this one, which needs \
clips that are aligned in time, comes of something else."


_MEANINGLESS = {
    CLOSED: "of a dataset whose ceiling is not above chance",
    AT_CHANCE: "not above chance",
    DISCREDITED: "below chance by every other metric",
}
"""What was measured of a generator for which a metric says nothing, by the reason."""


class Scored(Protocol):
    """A score or a cell."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def direction(self) -> Literal["lower", "higher"]: ...


def comparable(cells: Iterable[Cell]) -> bool:
    """Whether these cells of one dataset and metric were made in one way."""
    return len({(cell.signature, cell.protocol) for cell in cells if cell.value is not None}) <= 1


def marks(rivals: Iterable[Cell], unranked: Collection[str] = ()) -> dict[str, Mark]:
    """The mark of each generator that has one, for the cells of one dataset and metric without the bounds.

    Best is what is better than every other generator by more than the uncertainty of the difference (see
    `reports.resolution.resolved`), second what then is better than every remaining one. Equal values share a mark.
    There is no best of one, and no second without a best or of two.

    Args:
        unranked: generators that have no rank, see `unranked`.
    """
    cells = [cell for cell in rivals if cell.value is not None]
    if not comparable(cells):
        return {}
    ranked = [cell for cell in cells if cell.generator not in unranked]
    if not ranked:
        return {}
    sign = 1.0 if ranked[0].direction == "lower" else -1.0
    by_value: dict[float, list[Cell]] = {}
    for cell in ranked:
        if cell.value is not None:
            by_value.setdefault(sign * cell.value, []).append(cell)
    order = [by_value[value] for value in sorted(by_value)]
    found: dict[str, Mark] = {}
    places: tuple[Mark, ...] = ("best", "second")
    for place, mark in enumerate(places):
        below = [cell for cells in order[place + 1 :] for cell in cells]
        if not below or not all(resolved(cell, other) for cell in order[place] for other in below):
            break
        found |= {cell.generator: mark for cell in order[place]}
    return found


def above(cell: Scored, floor: Scored) -> bool:
    """Whether a value is better than another one beyond both 95 % intervals; without intervals by itself."""
    if cell.value is None or floor.value is None:
        return False
    if cell.direction == "higher":
        return _end(cell.low, cell.value) > _end(floor.high, floor.value)
    return _end(cell.high, cell.value) < _end(floor.low, floor.value)


def unranked(results: Results, dataset: str, metric: str) -> dict[str, str]:
    """Why generators have no rank by a metric on a dataset, by label; those that have one are absent.

    A generator whose weights were never learnt has none. A metric that says of itself that it needs clips aligned in
    time (`aligned`) ranks only what its own bounds show to be so: a ceiling above chance, and a generator above
    chance, which is not worse than chance by every other metric. Bounds are the run's own cells.
    """
    study = results.study
    cells = {cell.generator: cell for cell in results.cells if (cell.dataset, cell.metric) == (dataset, metric)}
    reasons = {}
    for label in study.generators:
        if label in study.bounds or label not in cells or cells[label].value is None:
            continue
        if label in study.untrained:
            reasons[label] = UNTRAINED
        elif study.metrics[metric].aligned and (reason := _unaligned(results, cells, cells[label])):
            reasons[label] = reason
    return reasons


def silence(results: Results, dataset: str, metric: str, label: str) -> str | None:
    """Why a metric that needs aligned clips says nothing of a generator, to be read after "LABEL is"; None if it does.

    See `unranked`; that the generator is untrained, or that no chance stands beside it, is no such reason.
    """
    reason = unranked(results, dataset, metric).get(label)
    return f"{_MEANINGLESS[reason]}, and {metric} needs clips aligned in time" if reason in _MEANINGLESS else None


def _unaligned(results: Results, cells: Mapping[str, Cell], cell: Cell) -> str | None:
    """Why a metric that needs aligned clips says nothing of this generator's; None if it does."""
    ceiling, chance = (results.study.bound(name, cells) for name in ("ceiling", "chance"))
    if chance is None or cells[chance].value is None:
        return NO_CHANCE
    if ceiling is not None and cells[ceiling].value is not None and not above(cells[ceiling], cells[chance]):
        return CLOSED
    if not above(cell, cells[chance]):
        return AT_CHANCE
    return DISCREDITED if _worse_everywhere_else(results, cell, chance) else None


def _worse_everywhere_else(results: Results, cell: Cell, chance: str) -> bool:
    """Whether all other metrics of the dataset, two at the least, have this generator below chance."""
    beside = {
        (other.generator, other.metric): other.value
        for other in results.cells
        if other.dataset == cell.dataset and other.metric != cell.metric
    }
    worse = []
    for metric, described in results.study.metrics.items():
        value, floor = beside.get((cell.generator, metric)), beside.get((chance, metric))
        if value is not None and floor is not None and not described.aligned:
            worse.append(value > floor if described.direction == "lower" else value < floor)
    return len(worse) > 1 and all(worse)


def _end(end: float | None, value: float) -> float:
    return value if end is None else end
