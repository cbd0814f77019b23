"""Plots of a stress study: for each damage every metric against its strength, as an SVG image of stable bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from reports.curves import ACROSS, SIZE, numbers
from reports.numbers import heading
from reports.results import Cell, Results
from reports.stress import CLEAN, damages, families
from reports.svg import drawing, svg
from reports.text import visible


def stress_curves(results: Results) -> dict[str, str]:
    """An SVG image for each damage of more than one strength, by its name; none where the study has none.

    The undamaged prompts stand at the left, and as a dashed line across; strengths follow in the study's order.
    """
    by_family = {family: damages(results, family) for family in families(results)}
    found: dict[str, dict[str, list[str]]] = {}
    for family, labels_by_damage in by_family.items():
        for damage, labels in labels_by_damage.items():
            if len(labels) > 1:
                found.setdefault(damage, {})[family] = [family, *labels]
    return {damage: _image(results, labels) for damage, labels in found.items()}


def _image(results: Results, lines: Mapping[str, list[str]]) -> str:
    from matplotlib.figure import Figure

    study = results.study
    cells: dict[tuple[str, str, str], Cell] = {cell.place: cell for cell in results.cells}
    titles = [metric.title for metric in study.metrics.values()]
    points = [study.stress[label] for label in next(iter(lines.values()))[1:]]
    ticks = [CLEAN, *(f"{point.strength:g}" for point in points)]
    with drawing():
        columns = min(ACROSS, len(study.metrics))
        rows = math.ceil(len(study.metrics) / columns)
        figure = Figure(figsize=(SIZE[0] * columns, SIZE[1] * rows), layout="tight")
        axes = figure.subplots(rows, columns, squeeze=False).flat
        for (name, metric), axis in zip(study.metrics.items(), axes, strict=False):
            drawn = [(dataset, family) for dataset in study.datasets for family in lines]
            for color, (dataset, family) in enumerate(drawn):
                told = [numbers(cells.get((dataset, label, name))) for label in lines[family]]
                label = visible(f"{family}, {dataset}" if len(study.datasets) > 1 else family)
                axis.plot([value for value, *_ in told], color=f"C{color}", marker="o", markersize=4, label=label)
                for place, (_, low, high) in enumerate(told):
                    axis.plot([place, place], [low, high], color=f"C{color}", alpha=0.5)
                if not math.isnan(told[0][0]):
                    axis.axhline(told[0][0], color=f"C{color}", alpha=0.4, linestyle="--", linewidth=1)
            axis.set_title(visible(heading(metric, name, titles.count(metric.title) == 1)), fontsize=10)
            axis.set_xticks(range(len(ticks)), [visible(tick) for tick in ticks])
            axis.set_xlim(-0.3, len(ticks) - 0.7)
            axis.set_xlabel(visible(f"{points[0].scale} ({points[0].unit})"), fontsize=8)
            axis.grid(alpha=0.3)
        for axis in axes:  # the rest of the last row
            axis.remove()
        figure.axes[0].legend(fontsize=8)
        return svg(figure)
