"""Per-clip statistics on disk, named by everything they depend on, so that a kept statistic is never stale.

The name holds the content of the clip, how it was decoded, the metric's configuration and weights, and the source code
that computes the statistic.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench import fingerprint
from bench.files import atomic
from metrics.base.metric import ClipMetric, Statistics, Unmeasurable


class StatisticsStore:
    """Per-clip and per-pair statistics on disk, or the reason why there are none."""

    def __init__(self, folder: Path, metric: ClipMetric) -> None:
        self._clips = folder / fingerprint.of_json(metric.statistics_id)
        self._pairs = folder / fingerprint.of_json([metric.signature, metric.statistics_id])

    def clip(self, identity: str) -> Path:
        return self._clips / f"{identity}.npz"

    def pair(self, reference: str, generated: str) -> Path:
        return self._pairs / f"{reference}-{generated}.npz"


def save(path: Path, outcome: Statistics | Unmeasurable) -> None:
    """Keep statistics, or the reason why there are none, under `path`."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        if isinstance(outcome, Unmeasurable):
            stream.write(json.dumps({"unmeasurable": str(outcome)}).encode())
        else:
            arrays: dict[str, Any] = {name: np.asarray(array) for name, array in outcome.items()}
            np.savez(stream, **arrays)


def load(path: Path) -> Statistics:
    """What `save` kept.

    Raises:
        Unmeasurable: a reason was kept instead of statistics.
        FileNotFoundError: nothing was kept.
    """
    if (reason := kept_reason(path)) is not None:
        raise Unmeasurable(reason)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def kept_reason(path: Path) -> str | None:
    """The reason kept under `path`, None if it holds statistics.

    Raises:
        FileNotFoundError: nothing was kept.
    """
    with path.open("rb") as stream:
        if stream.read(1) != b"{":
            return None
        stream.seek(0)
        return str(json.load(stream)["unmeasurable"])
