"""Figures of a profile: where the seconds of each generator go, and how its latencies spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.numbers import fixed
from reports.profiles import GeneratorProfile, ProfileReport
from reports.svg import drawing, svg

WIDTH, ROW = 8.0, 0.55
"""Inches: of a figure, and of one generator's row in it."""


def figures(report: ProfileReport) -> dict[str, str]:
    """Every figure by name, as SVG; equal profiles give equal bytes."""
    made: dict[str, str] = {}
    with drawing():
        if staged := [profile for profile in report.generators if profile.stages]:
            made["stages"] = _stages(staged)
        if timed := [profile for profile in report.generators if profile.latency]:
            made["latency"] = _latencies(timed)
    return made


def _stages(profiles: Sequence[GeneratorProfile]) -> str:
    """One stacked bar for each generator: seconds per clip by stage, as shares, the whole written beside it."""
    figure, axes = _drawing(len(profiles))
    names = list(dict.fromkeys(stage.name for profile in profiles for stage in profile.stages))
    colours = dict(zip(names, _colours(len(names)), strict=True))
    for place, profile in enumerate(profiles):
        left = 0.0
        for stage in profile.stages:
            axes.barh(place, stage.share, left=left, height=0.6, color=colours[stage.name], edgecolor="white")
            if stage.share >= 0.08:
                axes.text(left + stage.share / 2, place, stage.name, ha="center", va="center", fontsize=8)
            left += stage.share
        axes.text(1.01, place, f"{fixed(sum(s.seconds for s in profile.stages))} s", va="center", fontsize=9)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of a clip's seconds")
    handles = [_patch(colours[name], name) for name in names]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.32), ncols=5, fontsize=8, frameon=False)
    return _svg(figure, axes, profiles)


def _latencies(profiles: Sequence[GeneratorProfile]) -> str:
    """Every latency as a point, percentiles that may be told as lines; seconds on a logarithmic axis."""
    figure, axes = _drawing(len(profiles))
    for place, profile in enumerate(profiles):
        if profile.latency is None:
            continue
        samples = profile.latency.samples
        offsets = [place + 0.22 * ((7 * number) % 11 / 5 - 1) for number in range(len(samples))]  # apart, not at random
        axes.scatter(samples, offsets, s=14, alpha=0.5, color="#0b6e6e", linewidths=0)
        for told in profile.latency.percentiles:
            if told.value is not None:
                axes.plot([told.value] * 2, [place - 0.32, place + 0.32], color="#1c2024", linewidth=1.4)
                axes.text(told.value, place - 0.36, f"p{told.percent:g}", ha="center", va="bottom", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("seconds per clip")
    return _svg(figure, axes, profiles)


def _drawing(rows: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.4 + ROW * rows))
    return figure, figure.add_subplot()


def _svg(figure: Any, axes: Any, profiles: Sequence[GeneratorProfile]) -> str:
    axes.set_yticks(range(len(profiles)), [profile.generator for profile in profiles])
    axes.set_ylim(len(profiles) - 0.4, -0.6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    return svg(figure, cut=True)


def _colours(count: int) -> list[Any]:
    import matplotlib

    palette = matplotlib.colormaps["Set3"]
    return [palette(number % palette.N) for number in range(count)]


def _patch(colour: Any, name: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=name)
