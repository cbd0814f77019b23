"""What the page's script works on: cells, clips with their scores, traces and costs, as one JSON value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from reports.numbers import fixed, heading, interval
from reports.ranking import unranked
from reports.results import Clip, Results
from reports.text import visible

MOST_PROMPTS = 500
"""Prompts of a dataset on the page, so that browsers can open that of a million clips."""
DIGITS = 5
"""Significant digits of the numbers that are drawn."""


def page_data(results: Results, traces: Mapping[str, str], link: Callable[[str], str]) -> dict[str, Any]:
    """The data; text in it is as `reports.text.visible` shows it, files are links.

    Args:
        traces: the picture of a clip's sound and motion, by the clip's file; both relative to the run.
        link: an address on the page for a file relative to the run.
    """
    study = results.study
    titles = [metric.title for metric in study.metrics.values()]
    order = sorted(study.generators, key=lambda name: name in study.bounds)
    kinds = {name: kind for kind in ("ceiling", "chance") for name in order if study.plugins.get(name, name) == kind}

    without_rank = {
        (dataset, metric): unranked(results, dataset, metric) for dataset in study.datasets for metric in study.metrics
    }

    def media(file: str | None) -> dict[str, str] | None:
        if file is None:
            return None
        return {"file": link(file)} | ({"trace": link(traces[file])} if file in traces else {})

    return {
        "datasets": [visible(name) for name in study.datasets],
        "generators": [
            {"name": visible(name), "bound": kinds.get(name), "untrained": name in study.untrained} for name in order
        ],
        "metrics": [
            {
                "name": name, "title": heading(metric, name, titles.count(metric.title) == 1),
                "direction": metric.direction,
            }
            for name, metric in study.metrics.items()
        ],
        "cells": [
            {
                "dataset": visible(cell.dataset), "generator": visible(cell.generator), "metric": cell.metric,
                "value": cell.value, "low": cell.low, "high": cell.high, "n": cell.n,
                "told": f"{fixed(cell.value)} {interval(cell)}".strip(),
                "unranked": cell.generator in without_rank[cell.dataset, cell.metric],
            }
            for cell in results.cells
            if cell.value is not None
        ],
        "prompts": _prompts(results, order, media),
        "costs": [
            {
                "dataset": visible(profile.dataset), "generator": visible(profile.generator),
                "factor": profile.real_time_factor,
                "stages": {
                    visible(stage): _short(seconds / profile.clips) for stage, seconds in profile.stages.items()
                } if profile.clips else {},
            }
            for profile in results.profiles
            if profile.seconds is not None
        ],
    }  # fmt: skip


def _prompts(
    results: Results, order: list[str], media: Callable[[str | None], dict[str, str] | None]
) -> list[dict[str, Any]]:
    """Every prompt with what each generator made of it: file, scores by metric, and what failed."""
    clips: dict[tuple[str, str], dict[str, Clip]] = {}
    scores: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    failed: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    for clip in results.clips:
        clips.setdefault((clip.dataset, clip.key), {})[clip.generator] = clip
    for cell in results.cells:
        for key, score in cell.by_clip.items():
            scores.setdefault((cell.dataset, key), {}).setdefault(cell.generator, {})[cell.metric] = _short(score)
        for key, reason in cell.failed.items():
            told = f"{results.study.metrics[cell.metric].title}: {visible(reason)}"
            failed.setdefault((cell.dataset, key), {}).setdefault(cell.generator, {})[told] = None
    found = []
    for dataset in results.study.datasets:
        places = sorted(place for place in clips.keys() | scores.keys() if place[0] == dataset)
        for place in places[:: _stride(len(places))]:
            own = clips.get(place, {})
            first = next(iter(own.values()), None)
            takes = {}
            for name in order:
                made = own.get(name)
                take: dict[str, Any] = dict(media(made.file if made else None) or {})
                if made and made.error:
                    take["error"] = visible(made.error)
                if marks := scores.get(place, {}).get(name):
                    take["scores"] = marks
                if reasons := failed.get(place, {}).get(name):
                    take["failed"] = list(reasons)
                if take:
                    takes[visible(name)] = take
            found.append(
                {
                    "dataset": visible(dataset), "key": visible(place[1]),
                    "text": visible(first.text) if first else "",
                    "source": f"text: {visible(first.text_source)} · voice: {visible(first.voice_source)}"
                    if first else "",
                    "reference": media(first.reference if first else None),
                    "takes": takes,
                }
            )  # fmt: skip
    return found


def thinned(results: Results) -> dict[str, int]:
    """By dataset, of how many prompts one is on the page; datasets whose prompts are all there are left out."""
    keys: dict[str, set[str]] = {}
    for clip in results.clips:
        keys.setdefault(clip.dataset, set()).add(clip.key)
    return {dataset: _stride(len(found)) for dataset, found in keys.items() if _stride(len(found)) > 1}


def _stride(prompts: int) -> int:
    return max(1, math.ceil(prompts / MOST_PROMPTS))


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
