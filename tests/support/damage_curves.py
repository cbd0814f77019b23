"""How metrics answer to damage: the score at every strength, and whether each step made it worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.media.clip import Decoding, frames, waveform
from metrics.base.metric import ClipMetric, DistributionMetric, PairedMetric, Statistics
from metrics.motion.grid import square
from support.damages import (
    AUDIO,
    BLUR,
    CLIPPING,
    FASTER,
    FREEZE,
    GRAIN,
    JITTER,
    NOISE,
    PITCH,
    RATE,
    REVERSAL,
    SHUFFLE,
    Damage,
    Frames,
    Waveform,
)

EXISTS_FOR: Mapping[str, tuple[Damage, ...]] = {
    "fid": (BLUR, GRAIN),
    "fvd": (BLUR, FREEZE, JITTER, SHUFFLE),
    "fvmd-lk": (FREEZE, JITTER, SHUFFLE),
    "mcd": AUDIO,
    "stoi": (NOISE, CLIPPING, PITCH, REVERSAL),
    "estoi": (NOISE, CLIPPING, PITCH, REVERSAL),
    "stoi-dtw": AUDIO,
    "fad-ge2e": (NOISE, CLIPPING, PITCH, FASTER),
    "fad-speech": (NOISE, CLIPPING, PITCH, FASTER),
    "fad-mn04": (NOISE, CLIPPING, FASTER),
}
"""Metric to the damages that it must notice: what `test_sensitivity.py` holds it to."""

ROUNDING = 1e-6
"""Scores that differ by less are equal: the networks compute in float32."""


def real_frames(clip: Path, count: int) -> Frames:
    """The first frames of a clip at 25 per second, uint8 [count, 256, 256, 3]."""
    decoding = Decoding(max_seconds=count / 25)
    return np.stack([square(frame) for chunk in frames(clip, decoding) for frame in chunk])


def real_speech(clip: Path, seconds: float) -> Waveform:
    """The first seconds of a clip's soundtrack, float32 [S] at 16 kHz."""
    return waveform(clip, Decoding(sample_rate=RATE, max_seconds=seconds))


def talking_clips(shared: Path) -> list[Path]:
    """Clips of VoxCeleb2: faces that talk, with their sound."""
    return sorted((shared / "media" / "real").glob("vox2_*.mp4"))


@dataclass(frozen=True)
class Curve:
    """A metric's scores of the clean clips and of five strengths of a damage."""

    values: tuple[float, ...]
    higher_is_better: bool

    @property
    def losses(self) -> NDArray[np.float64]:
        """How much worse than clean each strength is, float64 [6]."""
        return (np.array(self.values) - self.values[0]) * (-1 if self.higher_is_better else 1)

    @property
    def monotone(self) -> Literal["yes", "no", "blind"]:
        """Whether every step is worse than the one before, from clean on; "blind": nothing changes at all."""
        if np.abs(self.losses).max() < ROUNDING:
            return "blind"
        return "yes" if np.diff(self.losses).min() > ROUNDING else "no"


class Panel:
    """Metrics of one modality that have seen the clean clips: uint8 frames [T, H, W, 3] or float32 waveforms [S]."""

    def __init__(self, metrics: Sequence[ClipMetric], clips: Sequence[NDArray[Any]]) -> None:
        self._clips = clips
        self._clean = [(metric, observed(metric, clips)) for metric in metrics]

    def under(self, damage: Damage) -> dict[str, Curve]:
        """Each metric's curve by its name, all clips damaged and compared with themselves."""
        rows = [[_score(metric, clean, clean) for metric, clean in self._clean]]
        for strength in damage.strengths:
            damaged = [damage.apply(clip, strength) for clip in self._clips]
            rows.append([_score(metric, clean, observed(metric, damaged)) for metric, clean in self._clean])
        return {
            metric.name: Curve(values, bool(metric.higher_is_better))
            for (metric, _), values in zip(self._clean, zip(*rows, strict=True), strict=True)
        }


def observed(metric: ClipMetric, clips: Sequence[NDArray[Any]]) -> list[Statistics]:
    pending = []
    for clip in clips:
        observer = metric.observe()
        if clip.dtype == np.uint8:
            observer.frames(clip)
        else:
            observer.waveform(clip, RATE)
        pending.append(observer.finish())
    return [finish() for finish in pending]


def _score(metric: ClipMetric, clean: list[Statistics], damaged: list[Statistics]) -> float:
    if isinstance(metric, PairedMetric):
        return float(np.mean([metric.compare(*pair)["value"] for pair in zip(clean, damaged, strict=True)]))
    assert isinstance(metric, DistributionMetric)
    return metric.reduce(clean, damaged)
