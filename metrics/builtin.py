"""The metrics of this package as plug-ins: each registry name is a convention, options change fields of its config.

The entry points of group `narrator_bench.metrics` name attributes of this module, `fad_ge2e` for "fad-ge2e"; each is a
function of options. A stranger's metric registers likewise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from metrics.audio.fad import FrechetAudioDistance
from metrics.audio.loudness import AudibleSpeech, Loudness
from metrics.audio.mcd import MelCepstralDistortion
from metrics.audio.opinion import DNSMOS, PLCMOS
from metrics.audio.pace import Pace
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility
from metrics.audio.voice import PitchDistance, SpeakerSimilarity
from metrics.audio.words import WordError
from metrics.base.hints import nearest
from metrics.base.metric import ClipMetric
from metrics.motion.compat import PackageFrechetVideoMotionDistance
from metrics.motion.fvmd import FrechetVideoMotionDistance
from metrics.sets.metric import KernelInceptionDistance, SetOverlap
from metrics.sync.lse import LipSyncError
from metrics.sync.mouth_sync import MouthSync
from metrics.video.eyes import EyeOpening, GazeSpread
from metrics.video.face_motion import BlinkRate, HeadMotion
from metrics.video.fid import FrechetInceptionDistance
from metrics.video.flicker import Flicker
from metrics.video.frame_marks import NoiseDrift, Sharpness, SharpnessDrift
from metrics.video.fvd import FrechetVideoDistance
from metrics.video.identity import Identity
from metrics.video.reconstruction import Reconstruction

_CLASSES: tuple[type[ClipMetric], ...] = (
    FrechetAudioDistance,
    MelCepstralDistortion,
    ShortTimeObjectiveIntelligibility,
    FrechetInceptionDistance,
    FrechetVideoDistance,
    FrechetVideoMotionDistance,
    PackageFrechetVideoMotionDistance,
    Identity,
    SpeakerSimilarity,
    PitchDistance,
    Pace,
    WordError,
    DNSMOS,
    PLCMOS,
    Reconstruction,
    Flicker,
    BlinkRate,
    HeadMotion,
    Loudness,
    AudibleSpeech,
    EyeOpening,
    GazeSpread,
    Sharpness,
    SharpnessDrift,
    NoiseDrift,
    MouthSync,
    LipSyncError,
    KernelInceptionDistance,
    SetOverlap,
)
METRICS = {name: metric for metric in _CLASSES for name in metric.conventions}
"""Class by registry name."""


def make(name: str, **options: Any) -> ClipMetric:
    """The metric called `name`, with these fields of its convention changed.

    Raises:
        ValueError: a field is unknown, or its value is of a wrong type or out of range.
    """
    metric = METRICS[name]
    config = metric.conventions[name]
    fields = [field.name for field in dataclasses.fields(config)]
    for option in options:
        if option not in fields:
            raise ValueError(f"{name} has no option {option!r}.{nearest(option, fields)}")
    return metric(name, dataclasses.replace(config, **options))


def __getattr__(attribute: str) -> Callable[..., ClipMetric]:
    name = attribute.replace("_", "-")
    if name not in METRICS:
        raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
    return lambda **options: make(name, **options)
