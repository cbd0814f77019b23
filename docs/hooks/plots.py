"""A metric's scores against the strengths of damages, drawn from the tables of the page on sensitivity."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tables import Found

from reports.svg import drawing, svg

ACROSS = 3
SIZE = (3.4, 2.5)


def sensitivity_plot(names: Sequence[str], tables: Sequence[Found]) -> str | None:
    """An SVG image with a plot for each damage, a line for each name; None where nothing was measured."""
    from matplotlib.figure import Figure

    shown = [table for table in (each.of(names) for each in tables) if table.rows and "clean" in table.header]
    if not shown:
        return None
    columns = min(ACROSS, len(shown))
    with drawing():
        figure = Figure(figsize=(SIZE[0] * columns, SIZE[1] * math.ceil(len(shown) / columns)), layout="tight")
        axes = list(figure.subplots(math.ceil(len(shown) / columns), columns, squeeze=False).flat)
        for table, axis in zip(shown, axes, strict=False):
            damage, _, unit = table.section.partition(": ")
            for row in table.rows:
                axis.plot(range(len(row) - 2), [float(cell) for cell in row[1:-1]], marker="o", label=row[0])
            axis.set_xticks(range(len(table.header) - 2), table.header[1:-1], fontsize=7)
            axis.set_title(damage, fontsize=9)
            axis.set_xlabel(unit, fontsize=7)
            axis.grid(alpha=0.3)
            if len(names) > 1:
                axis.legend(fontsize=6)
        for axis in axes[len(shown) :]:
            axis.remove()
        return svg(figure)
