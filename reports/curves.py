"""Plots of a sweep: each metric against step, as an SVG image of stable bytes."""

from __future__ import annotations

import math

from reports.contest import contest, families, judged
from reports.numbers import heading
from reports.results import Cell, Results
from reports.svg import drawing, svg
from reports.text import visible

ACROSS = 3
"""Plots beside each other."""
LARGEST = 1e100
"""Beyond it a number is a gap: axes are computed in floats, whose differences must not overflow."""
SIZE = (4.2, 3.0)
"""Inches of one plot."""


def curves(results: Results) -> dict[str, str]:
    """An SVG image for each sweep, by family; none where the study has no sweep."""
    return {family: _image(results, family, labels) for family, labels in families(results).items()}


def _image(results: Results, family: str, labels: list[str]) -> str:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    study = results.study
    cells = {cell.place: cell for cell in results.cells}
    titles = [metric.title for metric in study.metrics.values()]
    judge = contest(results, family)
    with drawing():
        columns = min(ACROSS, len(study.metrics))
        rows = math.ceil(len(study.metrics) / columns)
        figure = Figure(figsize=(SIZE[0] * columns, SIZE[1] * rows), layout="tight")
        axes = figure.subplots(rows, columns, squeeze=False).flat
        for (name, metric), axis in zip(study.metrics.items(), axes, strict=False):
            for color, dataset in enumerate(study.datasets):
                drawn = [(study.sweep[label].step, cells.get((dataset, label, name))) for label in labels]
                points = [(step, *numbers(cell)) for step, cell in drawn]
                steps, values = [step for step, *_ in points], [value for _, value, _, _ in points]
                axis.plot(steps, values, color=f"C{color}", marker="o", markersize=4, label=visible(dataset))
                for step, _, low, high in points:
                    axis.plot([step, step], [low, high], color=f"C{color}", alpha=0.5)
                if judge and judge.best and study.best and name == study.best.metric and dataset in judged(results):
                    place = labels.index(judge.best)
                    axis.plot(steps[place], values[place], "*", color=f"C{color}", markersize=14)
            axis.set_title(visible(heading(metric, name, titles.count(metric.title) == 1)), fontsize=10)
            axis.set_xlabel("step")
            axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
            axis.grid(alpha=0.3)
        for axis in axes:  # the rest of the last row
            axis.remove()
        if len(study.datasets) > 1:
            figure.axes[0].legend(fontsize=8)
        return svg(figure)


def numbers(cell: Cell | None) -> tuple[float, float, float]:
    """Value and interval; a missing value is a gap in its line."""
    numbers = (cell.value, cell.low, cell.high) if cell else (None, None, None)
    value, low, high = (math.nan if number is None or abs(number) > LARGEST else number for number in numbers)
    return value, low, high
