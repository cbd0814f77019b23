"""Which scores are best and second best: among generators only, and only where the numbers are comparable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from reports.results import Cell

Mark = Literal["best", "second"]


def comparable(cells: Iterable[Cell]) -> bool:
    """Whether these cells of one dataset and metric were made in one way."""
    return len({(cell.signature, cell.protocol) for cell in cells if cell.value is not None}) <= 1


def marks(rivals: Iterable[Cell]) -> dict[str, Mark]:
    """The mark of each generator that has one, for the cells of one dataset and metric without the bounds.

    Equal values share a mark. There is no best of one and no second of two.
    """
    ranked = [cell for cell in rivals if cell.value is not None]
    if not ranked or not comparable(ranked):
        return {}
    sign = 1.0 if ranked[0].direction == "lower" else -1.0
    values = {cell.generator: sign * cell.value for cell in ranked if cell.value is not None}
    order = sorted(set(values.values()))
    named: dict[float, Mark] = {}
    if len(order) > 1:
        named[order[0]] = "best"
    if len(order) > 2:
        named[order[1]] = "second"
    return {generator: named[value] for generator, value in values.items() if value in named}
