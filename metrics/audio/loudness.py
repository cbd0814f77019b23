"""How loud a clip is, and whether speech is heard in it: what is measured of the generated clip alone.

`loudness` is the level of the whole soundtrack, its root mean square in dB of full scale (a sine wave of full scale
has -3.01 dB). `audible-speech` is 1 for a clip in which speech is heard and 0 for one in which none is, so that its
mean is the share of clips: speech is voiced sound, with a pitch by WORLD's DIO (Morise et al. 2009), above a floor.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from metrics.audio.waveform import Waveform, WaveformObserver, finite
from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics
from metrics.base.ranges import Configuration, Range

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyworld imports pkg_resources, which announces its end on every import
    import pyworld

_FRAME_S = 0.01
_PITCH = (65.0, 600.0)
"""Hz, from a low man's voice to a child's."""


@dataclass(frozen=True)
class LoudnessConfig(Configuration):
    """Convention of both.

    Attributes:
        floor: dB of full scale: a level below it, that of silence too, counts as this.
    """

    floor: Annotated[float, Range(-200, 0)] = -100.0


@dataclass(frozen=True)
class AudibleSpeechConfig(Configuration):
    """When speech is heard.

    Attributes:
        floor: dB of full scale, which a frame of 10 ms must exceed to be heard.
        seconds: of voiced sound above the floor that are speech, in a clip of any length.
    """

    floor: Annotated[float, Range(-200, 0)] = -50.0
    seconds: Annotated[float, Range(0.01, 3600)] = 0.3


def _observer(measure: Callable[[Waveform, int], Statistics]) -> WaveformObserver:
    """What hears a soundtrack that may be silent and as short as one sample."""
    return WaveformObserver(lambda waveform, rate: measure(finite(waveform, rate, 1 / rate), rate))


class Loudness(PairedMetric):
    """Level of the generated clip in dB of full scale; its reference plays no part.

    Per clip: "level", float64. Silence is a level like any other, see `LoudnessConfig.floor`.
    """

    name, title, unit = "loudness", "Loudness", "dB FS"
    higher_is_better = True
    longest_sound = 3600.0
    reference_free: ClassVar[bool] = True
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    conventions: ClassVar[dict[str, LoudnessConfig]] = {"loudness": LoudnessConfig()}

    def observe(self) -> ClipObserver:
        return _observer(self._measure)

    def _measure(self, waveform: Waveform, _: int) -> Statistics:
        return {"level": np.array(_level(waveform, self.config.floor))}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's level under "value"."""
        return {"value": generated["level"]}


class AudibleSpeech(PairedMetric):
    """Whether speech is heard in the generated clip, 1 or 0; its reference plays no part.

    Per clip: "seconds", float64, of voiced sound above the floor.
    """

    name, title = "audible-speech", "Audible speech"
    higher_is_better = True
    limits: ClassVar[tuple[float, float]] = (0.0, 1.0)
    longest_sound = 3600.0
    reference_free: ClassVar[bool] = True
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    conventions: ClassVar[dict[str, AudibleSpeechConfig]] = {"audible-speech": AudibleSpeechConfig()}

    def observe(self) -> ClipObserver:
        return _observer(self._measure)

    def _measure(self, waveform: Waveform, sample_rate: int) -> Statistics:
        return {"seconds": np.array(voiced_seconds(waveform, sample_rate, self.config.floor))}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """1.0 or 0.0 under "value"."""
        return {"value": np.array(float(generated["seconds"] >= self.config.seconds))}


def voiced_seconds(waveform: Waveform, sample_rate: int, floor: float) -> float:
    """Seconds of a waveform, float32 [S], that have a pitch and a level above `floor` dB of full scale."""
    samples = np.ascontiguousarray(waveform, np.float64)
    size = round(_FRAME_S * sample_rate)
    if len(samples) < 4 * size:
        return 0.0
    pitch, times = pyworld.dio(samples, sample_rate, *_PITCH, frame_period=1000 * _FRAME_S)
    pitch = pyworld.stonemask(samples, pitch, times, sample_rate)
    frames = len(samples) // size
    power = np.square(samples[: frames * size]).reshape(frames, size).mean(axis=1)
    loud = power > 10 ** (floor / 10)
    count = min(frames, len(pitch))
    return float(np.sum(loud[:count] & (pitch[:count] > 0)) * _FRAME_S)


def _level(waveform: Waveform, floor: float) -> float:
    power = float(np.mean(np.square(waveform, dtype=np.float64)))
    return max(floor, 10 * math.log10(power)) if power > 0 else floor
