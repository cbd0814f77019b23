"""The page's plots as Vega-Lite specifications without data; the page's script gives them data, size and colours."""

from __future__ import annotations

from typing import Any

from reports.numbers import heading
from reports.results import Results

Spec = dict[str, Any]
ROW = 22
"""Pixels of one generator's row."""


def charts(results: Results) -> dict[str, dict[str, Spec]]:
    """Specifications by family: "intervals" and "clips" by metric, "quality" by metric, "stages" under "all"."""
    study = results.study
    titles = [metric.title for metric in study.metrics.values()]
    told = {name: heading(metric, name, titles.count(metric.title) == 1) for name, metric in study.metrics.items()}
    found: dict[str, dict[str, Spec]] = {
        "intervals": {name: _rows(results, _intervals(title)) for name, title in told.items()},
        "clips": {
            name: _rows(results, _clips(title))
            for name, title in told.items()
            if any(cell.by_clip for cell in results.cells if cell.metric == name)
        },
        "quality": {},
        "stages": {},
    }
    timed = [profile for profile in results.profiles if profile.seconds is not None]
    if any(profile.real_time_factor for profile in timed):
        found["quality"] = {name: _quality(results, title) for name, title in told.items()}
    if any(profile.stages for profile in timed):
        found["stages"] = {"all": _rows(results, _stages())}
    return found


def _rows(results: Results, layers: list[Spec]) -> Spec:
    """One panel for each dataset, one row for each generator."""
    panel: Spec = {"height": {"step": ROW}, "layer": layers}
    return {
        "facet": {
            "row": {
                "field": "dataset", "title": None, "sort": list(results.study.datasets),
                "header": {"labelAngle": 0, "labelOrient": "top", "labelAnchor": "start", "labelPadding": 4},
            }
        },
        "spec": panel,
        "spacing": 10,
    }  # fmt: skip


def _x(field: str, title: str) -> Spec:
    return {
        "field": field, "type": "quantitative", "title": title, "scale": {"zero": False, "nice": True},
        "axis": {"tickCount": 5},
    }  # fmt: skip


_GENERATOR: Spec = {
    "field": "generator", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 130, "domain": False},
}  # fmt: skip
_SHOWN: Spec = {"filter": "!datum.bound"}


def _bound(name: str, title: str) -> Spec:
    return {
        "transform": [{"filter": f"datum.bound === '{name}'"}],
        "mark": {"type": "rule", "style": name},
        "encoding": {"x": _x("value", title), "tooltip": [{"field": "told", "title": name}]},
    }


def _intervals(title: str) -> list[Spec]:
    """A forest plot: value and 95 % interval of each generator, ceiling and chance as lines."""
    tooltip = [{"field": name} for name in ("generator", "dataset", "told", "n")]
    return [
        _bound("ceiling", title),
        _bound("chance", title),
        {
            "transform": [_SHOWN],
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"y": _GENERATOR, "x": _x("low", title), "x2": {"field": "high"}, "tooltip": tooltip},
        },
        {
            "transform": [_SHOWN],
            "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1},
            "encoding": {
                "y": _GENERATOR, "x": _x("value", title), "tooltip": tooltip,
                "shape": {
                    "field": "kind", "legend": None,
                    "scale": {"domain": ["learnt", "untrained"], "range": ["circle", "diamond"]},
                },
            },
        },
    ]  # fmt: skip


def _clips(title: str) -> list[Spec]:
    """Each clip's number as a tick, the middle half as a bar, the median as a line."""
    tooltip = [{"field": name} for name in ("generator", "dataset", "clip", "score")]
    return [
        {
            "mark": {"type": "bar", "height": 10, "style": "half"},
            "encoding": {
                "y": _GENERATOR,
                "x": {**_x("score", title), "aggregate": "q1"},
                "x2": {"field": "score", "aggregate": "q3"},
            },
        },
        {
            "mark": {"type": "tick", "thickness": 1.2, "size": 12, "style": "clip"},
            "encoding": {"y": _GENERATOR, "x": _x("score", title), "tooltip": tooltip},
        },
        {
            "mark": {"type": "tick", "thickness": 2.5, "size": 16, "style": "median"},
            "encoding": {"y": _GENERATOR, "x": {**_x("score", title), "aggregate": "median"}},
        },
    ]


def _quality(results: Results, title: str) -> Spec:
    """Quality with its interval against the real-time factor."""
    x = {
        "field": "factor", "type": "quantitative", "title": "seconds of computing per second of video",
        "scale": {"type": "log", "nice": True}, "axis": {"tickCount": 4, "format": "~g"},
    }  # fmt: skip
    colour = {"field": "generator", "sort": None, "title": None, "legend": {"orient": "bottom", "columns": 3}}
    tooltip = [{"field": name} for name in ("generator", "dataset", "told", "factor")]
    encoding = {"x": x, "color": colour, "tooltip": tooltip}
    shape = {
        "field": "dataset", "sort": list(results.study.datasets), "title": None,
        "legend": {"orient": "bottom", "columns": 4} if len(results.study.datasets) > 1 else None,
    }  # fmt: skip
    return {
        "height": 300,
        "layer": [
            {
                "mark": {"type": "rule", "opacity": 0.6},
                "encoding": {**encoding, "y": _x("low", title), "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.95},
                "encoding": {**encoding, "y": _x("value", title), "shape": shape},
            },
        ],
    }


def _stages() -> list[Spec]:
    return [
        {
            "mark": {"type": "bar", "height": 14},
            "encoding": {
                "y": _GENERATOR,
                "x": {
                    "field": "seconds", "type": "quantitative", "title": "seconds per clip", "axis": {"tickCount": 6},
                },
                "color": {
                    "field": "stage", "sort": None, "title": None,
                    "legend": {"orient": "bottom", "columns": 4},
                },
                "order": {"field": "place"},
                "tooltip": [{"field": name} for name in ("generator", "dataset", "stage", "seconds")],
            },
        }
    ]  # fmt: skip
