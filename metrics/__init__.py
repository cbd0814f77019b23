"""Metrics for generated talking-face clips that carry their protocol, sample count, interval and signature.

>>> from metrics import FrechetVideoDistance
>>> FrechetVideoDistance().title
'FVD'

Names are imported when they are first used, so that `import metrics.weights` does not wait for PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics.frechet import frechet_distance
    from metrics.metric import ClipMetric, ClipObserver, DistributionMetric, PairedMetric, Statistics, Unmeasurable
    from metrics.score import Score
    from metrics.video.fid import FrechetInceptionDistance
    from metrics.video.fvd import FrechetVideoDistance

_WHERE = {
    "ClipMetric": "metrics.metric",
    "ClipObserver": "metrics.metric",
    "DistributionMetric": "metrics.metric",
    "FrechetInceptionDistance": "metrics.video.fid",
    "FrechetVideoDistance": "metrics.video.fvd",
    "PairedMetric": "metrics.metric",
    "Score": "metrics.score",
    "Statistics": "metrics.metric",
    "Unmeasurable": "metrics.metric",
    "frechet_distance": "metrics.frechet",
}

__all__ = [
    "ClipMetric",
    "ClipObserver",
    "DistributionMetric",
    "FrechetInceptionDistance",
    "FrechetVideoDistance",
    "PairedMetric",
    "Score",
    "Statistics",
    "Unmeasurable",
    "frechet_distance",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'metrics' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
