"""What "Narrating For You" (arXiv 2602.18618, supplement) published, and a run's values beside it.

The published values are no target to reproduce: no protocol, sample count or implementation is stated with them. Its
STOI lies at the level of unaligned speech, and its FAD and MCD on scales that no known implementation gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from reports.results import Results

PUBLISHED_TABLE_1 = (1_024, 1_048_576, 1_024, 262_144, 1_024, 262_144)
"""Parameters of one encoder: LayerNorm, MultiheadAttention, LayerNorm, Linear, LayerNorm, Linear."""
PUBLISHED_TABLE_1_TOTAL = 1_575_936

METRICS = ("FAD", "MCD", "STOI", "FID", "FVD", "FVMD")


class PublishedScores(NamedTuple):
    """A row of Table 2; STE shares one encoder, ETE has one for each modality."""

    dataset: str
    encoder: str
    scores: tuple[float, float, float, float, float, float]


PUBLISHED_TABLE_2 = (
    PublishedScores("VoxCeleb", "STE", (193.42, 67.06, 0.124, 34.21, 39.97, 2720.41)),
    PublishedScores("VoxCeleb", "ETE", (241.75, 75.39, 0.17, 42.88, 49.78, 4192.07)),
    PublishedScores("FakeAVCeleb", "STE", (174.68, 56.47, 0.10, 47.25, 49.65, 2284.69)),
    PublishedScores("FakeAVCeleb", "ETE", (171.52, 55.12, 0.19, 47.24, 49.15, 2263.54)),
    PublishedScores("CelebV-HQ", "STE", (246.53, 87.29, 0.11, 35.05, 44.30, 2658.90)),
    PublishedScores("CelebV-HQ", "ETE", (244.83, 85.76, 0.18, 34.01, 43.67, 2743.29)),
    PublishedScores("HDTF", "STE", (108.36, 49.72, 0.12, 11.56, 15.94, 1785.62)),
    PublishedScores("HDTF", "ETE", (106.43, 44.05, 0.15, 11.72, 15.58, 1784.16)),
)


def table1_rows(measured: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Table 1 as published beside parameters counted by name: the layers of one encoder, one encoder, then others."""
    published = (*PUBLISHED_TABLE_1, PUBLISHED_TABLE_1_TOTAL)
    pairs = zip_longest(measured, published[: len(measured)])
    return [{"layer": name, "published": value, "measured": count} for (name, count), value in pairs]


def table2_rows(results: Results | None = None) -> list[dict[str, Any]]:
    """Table 2 as published; after each row, where a run has that dataset and a generator STE or ETE, its own values.

    A run's metric stands in the column whose name its own begins with ("fvmd-lk" under FVMD); `metrics` says which.
    """
    rows: list[dict[str, Any]] = []
    for published in PUBLISHED_TABLE_2:
        place = {"dataset": published.dataset, "encoder": published.encoder}
        scores = dict(zip(METRICS, published.scores, strict=True))
        rows.append(place | {"source": "published"} | scores | {"metrics": "as published"})
        measured = {} if results is None else _measured(results, published)
        if measured:
            values = {metric: measured.get(metric, (None, ""))[0] for metric in METRICS}
            names = ", ".join(name for _, name in measured.values())
            rows.append(place | {"source": "measured"} | values | {"metrics": names})
    return rows


def _measured(results: Results, published: PublishedScores) -> dict[str, tuple[float | None, str]]:
    """Value and metric name by the paper's column; the first of the run's metrics that belongs there."""
    found: dict[str, tuple[float | None, str]] = {}
    for metric in METRICS:
        for cell in results.cells:
            same_place = _plain(cell.dataset) == _plain(published.dataset) and cell.generator == published.encoder
            if same_place and cell.metric.partition("-")[0] == metric.lower() and metric not in found:
                found[metric] = (cell.value, cell.metric)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
