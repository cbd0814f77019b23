"""Plots of several runs: each metric over the runs, a line for each generator, as an SVG image of stable bytes."""

from __future__ import annotations

import math

from reports.curves import ACROSS, SIZE, numbers
from reports.history import Column, History
from reports.history_tables import column_heading
from reports.svg import drawing, svg
from reports.text import visible


def history_curves(history: History) -> dict[str, str]:
    """An SVG image for each dataset; a column's values alone are joined, so that no line crosses protocols."""
    return {dataset: _image(history, dataset) for dataset in history.datasets}


def _image(history: History, dataset: str) -> str:
    from matplotlib.figure import Figure

    columns, names = history.columns, [_short(run.name) for run in history.runs]
    across = max(1, min(ACROSS, len(columns)))
    down = max(1, math.ceil(len(columns) / across))
    with drawing():
        figure = Figure(figsize=(SIZE[0] * across, SIZE[1] * down + 0.4), layout="constrained")
        axes = list(figure.subplots(down, across, squeeze=False).flat)
        for column, axis in zip(columns, axes, strict=False):
            for color, name in enumerate(history.generators):
                points = _points(history, column, dataset, name)
                style = ":" if name in history.bounds else "-"
                axis.plot(
                    range(len(points)), [value for value, *_ in points], color=f"C{color % 10}", linestyle=style,
                    marker="o", markersize=4, label=visible(name),
                )  # fmt: skip
                for place, (_, low, high) in enumerate(points):
                    axis.plot([place, place], [low, high], color=f"C{color % 10}", alpha=0.5)
            axis.set_title(visible(column_heading(history, column)), fontsize=10)
            axis.set_xticks(range(len(names)), names, rotation=20, fontsize=7)
            axis.set_xlim(-0.3, len(names) - 0.7)
            axis.grid(alpha=0.3)
        for axis in axes[len(columns) :]:
            axis.remove()
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels) or 1), fontsize=8)
        return svg(figure)


def _points(history: History, column: Column, dataset: str, name: str) -> list[tuple[float, float, float]]:
    cells = (run.cell(dataset, name, column.metric) for run in history.runs)
    return [numbers(cell if column.holds(cell) else None) for cell in cells]


def _short(name: str) -> str:
    text = visible(name)
    return text if len(text) <= 18 else f"…{text[-17:]}"
