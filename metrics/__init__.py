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
    from metrics.audio.fad import FrechetAudioDistance
    from metrics.audio.mcd import MelCepstralDistortion
    from metrics.audio.stoi import ShortTimeObjectiveIntelligibility
    from metrics.base.metric import ClipMetric, ClipObserver, DistributionMetric, PairedMetric, Statistics, Unmeasurable
    from metrics.base.score import Score
    from metrics.frechet.metric import FrechetMetric
    from metrics.motion.fvmd import FrechetVideoMotionDistance
    from metrics.video.fid import FrechetInceptionDistance
    from metrics.video.fvd import FrechetVideoDistance

_WHERE = {
    "ClipMetric": "metrics.base.metric",
    "ClipObserver": "metrics.base.metric",
    "DistributionMetric": "metrics.base.metric",
    "FrechetAudioDistance": "metrics.audio.fad",
    "FrechetInceptionDistance": "metrics.video.fid",
    "FrechetMetric": "metrics.frechet.metric",
    "FrechetVideoDistance": "metrics.video.fvd",
    "FrechetVideoMotionDistance": "metrics.motion.fvmd",
    "MelCepstralDistortion": "metrics.audio.mcd",
    "PairedMetric": "metrics.base.metric",
    "Score": "metrics.base.score",
    "ShortTimeObjectiveIntelligibility": "metrics.audio.stoi",
    "Statistics": "metrics.base.metric",
    "Unmeasurable": "metrics.base.metric",
}

__all__ = [
    "ClipMetric",
    "ClipObserver",
    "DistributionMetric",
    "FrechetAudioDistance",
    "FrechetInceptionDistance",
    "FrechetMetric",
    "FrechetVideoDistance",
    "FrechetVideoMotionDistance",
    "MelCepstralDistortion",
    "PairedMetric",
    "Score",
    "ShortTimeObjectiveIntelligibility",
    "Statistics",
    "Unmeasurable",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'metrics' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
