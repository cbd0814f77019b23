"""How numbers and headings read, the same in every format."""

from __future__ import annotations

import math

from reports.results import Cell, Metric

ARROWS = {"lower": "↓", "higher": "↑"}


def decimals(value: float) -> int:
    """Digits after the point that make four significant ones, three at the most."""
    if value == 0:
        return 3
    return min(3, max(0, 3 - math.floor(math.log10(abs(value)))))


def fixed(value: float | None, places: int | None = None) -> str:
    """A number without an exponent; "—" for none."""
    if value is None:
        return "—"
    return f"{value:.{decimals(value) if places is None else places}f}"


def interval(cell: Cell) -> str:
    """The 95 % interval with as many digits as the value, or nothing."""
    if cell.value is None or cell.low is None or cell.high is None:
        return ""
    places = decimals(cell.value)
    return f"[{fixed(cell.low, places)}, {fixed(cell.high, places)}]"


def heading(metric: Metric, name: str, alone: bool) -> str:
    """Title, unit and better direction; the name too where another column has the same title."""
    title = metric.title if alone else f"{metric.title} ({name})"
    unit = f" ({metric.unit})" if metric.unit else ""
    return f"{title}{unit} {ARROWS[metric.direction]}"


def significant(value: float, digits: int = 2) -> str:
    """A number with so many significant digits, without an exponent; whole numbers keep all of theirs.

    >>> significant(0.0723), significant(7.23), significant(723.4)
    ('0.072', '7.2', '723')
    """
    places = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(0, places)}f}"
