"""Stage `numbers`: whole metrics, from the bundled clips' files to the number that a table shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

import numpy as np

from bench.media.audio import native_waveform, resampled
from bench.media.clip import Decoding, frames
from bench.selfcheck import inputs
from bench.selfcheck.check import LEVELS_NUMBER, MOTION_NUMBER, NETWORK_NUMBER, SOUND_NUMBER, Budget
from bench.selfcheck.record import Number
from metrics.audio.loudness import AudibleSpeech, Loudness
from metrics.audio.mcd import MelCepstralDistortion
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility
from metrics.base.asked import Asked
from metrics.base.metric import ClipMetric, DistributionMetric, PairedMetric, Statistics, Unmeasurable
from metrics.motion.fvmd import FrechetVideoMotionDistance
from metrics.sets.metric import SetOverlap
from metrics.sync.lse import LipSyncError
from metrics.sync.mouth_sync import MouthSync
from metrics.video.eyes import EyeOpening, GazeSpread
from metrics.video.frame_marks import NoiseDrift, Sharpness, SharpnessDrift

_RATE = 16000
_SECONDS = 0.64
"""Of pictures: one window of sixteen frames, for FVD and FVMD."""
_ASKED = Asked(text="place blue at f two now")
"""Of the prompt, what the clips do not tell."""
_STILL = 0.32
"""Of pictures for a metric of single frames: eight of them, one block of its network."""


def budget(metric: ClipMetric) -> Budget:
    """How far the number of a metric may move."""
    if isinstance(metric, FrechetVideoMotionDistance):
        return MOTION_NUMBER
    if getattr(metric.config, "fit", None) == "crop-256":
        return LEVELS_NUMBER
    plain = (MelCepstralDistortion, ShortTimeObjectiveIntelligibility, Loudness, AudibleSpeech, Sharpness)
    return SOUND_NUMBER if isinstance(metric, plain) else NETWORK_NUMBER


def unfed(metric: ClipMetric) -> str:
    """Why a metric has no number on the bundled clips; "" if it has one."""
    if isinstance(metric, EyeOpening | GazeSpread | MouthSync | LipSyncError):
        return "the bundled clips show no face"
    if isinstance(metric, SharpnessDrift | NoiseDrift):
        return f"the bundled clips end before frame {metric.config.last}"
    return ""


def numbers(metrics: Sequence[ClipMetric]) -> list[Number]:
    """The number of each metric; all have the same statistics, which are computed once.

    Raises:
        Unmeasurable: a metric has no score.
    """
    clips = 1 if metrics[0].takes_images else 2  # enough vectors for a distance, and no more than that
    reference, generated = (
        {str(number): _statistics(metrics[0], path) for number, path in enumerate(paths[:clips])}
        for paths in (inputs.REFERENCE, inputs.GENERATED)
    )
    return [_number(metric, reference, generated) for metric in metrics]


def _apart(clips: Mapping[str, Statistics]) -> dict[str, Statistics]:
    """Each feature vector as a clip of its own, for what counts clips and needs more of them than are bundled."""
    rows = [row for clip in clips.values() for row in clip["features"]]
    return {f"{place:02}": {"features": row[None]} for place, row in enumerate(rows)}


def _number(metric: ClipMetric, reference: Mapping[str, Statistics], generated: Mapping[str, Statistics]) -> Number:
    if isinstance(metric, PairedMetric):
        asked = metric.asked(_ASKED) if metric.needs else {}
        score = metric.score({key: metric.compare({**reference[key], **asked}, generated[key]) for key in reference})
    else:
        assert isinstance(metric, DistributionMetric)
        if isinstance(metric, SetOverlap):
            reference, generated = _apart(reference), _apart(generated)
        score = metric.score(reference, generated)
    if score.value is None:
        raise Unmeasurable(f"no score: {score.missing}")
    return Number(value=score.value, unit=score.unit, signature=unversioned(score.signature))


def unversioned(signature: str) -> str:
    """A signature without the version of this package, which changes with every release."""
    return signature.rpartition("|version:")[0]


def _statistics(metric: ClipMetric, path: Path) -> Statistics:
    observer = metric.observe()
    if "video" in metric.modalities:
        for chunk in frames(path, Decoding(max_seconds=_STILL if metric.takes_images else _SECONDS)):
            observer.frames(chunk)
    if "audio" in metric.modalities:
        sound, rate = native_waveform(path, inf)
        if not metric.native_audio:
            sound, rate = resampled(sound, rate, _RATE), _RATE
        observer.waveform(np.ascontiguousarray(sound), rate)
    return observer.finish()()
