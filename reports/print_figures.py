"""Figures of a run's scores for print: SVG, PDF and PNG of stable bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.curves import LARGEST, numbers
from reports.numbers import heading
from reports.results import Cell, Results
from reports.svg import drawing
from reports.text import visible
from reports.writing import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCENT, SOFT, INK = "#0b6e6e", "#8b939b", "#1c2024"
STAGES = ("#0b6e6e", "#c2703d", "#5b6ea8", "#8f6a9e", "#7a8b3c", "#b0566b", "#3f8fb0", "#a8873a", "#5f6a72")
FORMATS = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
           "png": {"Software": None}}  # fmt: skip
"""File formats, and what of a figure's metadata would differ each time."""


def print_figures(results: Results, folder: Path) -> list[Path]:
    """Write scores.*, clips.* and stages.* into the folder, each where there is something to draw; return the files."""
    written = []
    with drawing():
        for name, figure in (("scores", _scores(results)), ("clips", _clips(results)), ("stages", _stages(results))):
            if figure is None:
                continue
            for kind, metadata in FORMATS.items():
                buffer = io.BytesIO()
                figure.savefig(buffer, format=kind, metadata=metadata, dpi=200)
                written.append(folder / f"{name}.{kind}")
                write_bytes(written[-1], buffer.getvalue())
    return written


def _scores(results: Results) -> Figure | None:
    """Forest plots: a column for each metric, a row for each dataset; ceiling and chance are lines."""
    names = [name for name in results.study.generators if name not in results.study.bounds]
    if not names:
        return None
    cells = {cell.place: cell for cell in results.cells}
    figure, panels = _grid(results, len(names))
    for dataset, metric, axis in panels:
        for bound, style in (("ceiling", "--"), ("chance", ":")):
            label = results.study.bound(bound, results.study.generators)
            value, *_ = numbers(cells.get((dataset, label, metric)) if label else None)
            if not math.isnan(value):
                axis.axvline(value, color=ACCENT if bound == "ceiling" else SOFT, linestyle=style, linewidth=1.2)
        for place, name in enumerate(names):
            value, low, high = numbers(cells.get((dataset, name, metric)))
            axis.plot([low, high], [place, place], color=ACCENT, linewidth=1.6)
            axis.plot([value], [place], color=ACCENT, marker="D" if name in results.study.untrained else "o", ms=4)
        _labelled(axis, names)
    return figure


def _clips(results: Results) -> Figure | None:
    """Each clip's number as a tick, the median as a thick one."""
    names = list(results.study.generators)
    cells = {cell.place: cell for cell in results.cells}
    if not any(cell.by_clip for cell in results.cells):
        return None
    figure, panels = _grid(results, len(names))
    for dataset, metric, axis in panels:
        for place, name in enumerate(names):
            scores = _drawable(cells.get((dataset, name, metric)))
            axis.plot(scores, [place] * len(scores), "|", color=ACCENT, alpha=0.5, ms=7, mew=0.8)
            if scores:
                axis.plot([scores[len(scores) // 2]], [place], "|", color=INK, ms=11, mew=2)
        _labelled(axis, names)
    return figure


def _drawable(cell: Cell | None) -> list[float]:
    return sorted(score for score in cell.by_clip.values() if abs(score) <= LARGEST) if cell else []


def _stages(results: Results) -> Figure | None:
    """Seconds per clip by stage, as stacked bars, a panel for each dataset."""
    from matplotlib.figure import Figure

    staged = [profile for profile in results.profiles if profile.stages and profile.clips]
    datasets = [name for name in results.study.datasets if any(profile.dataset == name for profile in staged)]
    if not datasets:
        return None
    stages = list(dict.fromkeys(stage for profile in staged for stage in profile.stages))
    most = max(sum(profile.dataset == name for profile in staged) for name in datasets)
    figure = Figure(figsize=(7.0, 0.9 + (0.5 + 0.26 * most) * len(datasets)), layout="constrained")
    axes = figure.subplots(len(datasets), 1, squeeze=False, sharex=True).flat
    for dataset, axis in zip(datasets, axes, strict=True):
        own = [profile for profile in staged if profile.dataset == dataset]
        left = [0.0] * len(own)
        for number, stage in enumerate(stages):
            seconds = [profile.stages.get(stage, 0.0) / profile.clips for profile in own]
            colour = STAGES[number % len(STAGES)]
            axis.barh(range(len(own)), seconds, left=left, height=0.6, color=colour, label=visible(stage))
            left = [start + more for start, more in zip(left, seconds, strict=True)]
        axis.set_title(visible(dataset), fontsize=9, loc="left")
        _labelled(axis, [profile.generator for profile in own])
    axis.set_xlabel("seconds per clip", fontsize=8)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return figure


def _grid(results: Results, rows: int) -> tuple[Figure, list[tuple[str, str, Any]]]:
    """A panel for each dataset and metric; the metrics of a column share their axis."""
    from matplotlib.figure import Figure

    study = results.study
    titles = [metric.title for metric in study.metrics.values()]
    size = (1.2 + 1.9 * len(study.metrics), 0.6 + (0.45 + 0.19 * rows) * len(study.datasets))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(study.datasets), len(study.metrics), squeeze=False, sharex="col", sharey=True)
    panels = []
    for down, dataset in enumerate(study.datasets):
        for across, (name, metric) in enumerate(study.metrics.items()):
            axis = axes[down][across]
            if down == 0:
                axis.set_title(visible(heading(metric, name, titles.count(metric.title) == 1)), fontsize=9)
            if across == 0:
                axis.set_ylabel(visible(dataset), fontsize=9)
            panels.append((dataset, name, axis))
    return figure, panels


def _labelled(axis: Any, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), [visible(name) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(labelsize=7, length=0)
    axis.locator_params(axis="x", nbins=4)
    axis.grid(axis="x", alpha=0.3)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
