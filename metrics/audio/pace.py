"""How fast somebody speaks: syllables a second of speech, pauses left out.

Syllables are counted by their nuclei, without a transcript and in any language: peaks of the intensity that are voiced
and after which it dips. After de Jong and Wempe, "Praat script to detect syllable nuclei and measure speech rate
automatically", Behavior Research Methods 41, 2009, with their settings, Praat's intensity, and voicing by Boersma
(1993), without Praat's search for the best path of pitches. The last peak of a clip counts, which their loop left out.

Fast syllables flow into each other and slow ones fall into parts, so that speech stretched in time changes its pace by
about half of what it should: `docs/beyond-six.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from metrics.audio.voice import VoiceMetric
from metrics.audio.waveform import Waveform, checked, resampled
from metrics.base.metric import Unmeasurable
from metrics.base.ranges import Configuration, Range

Floats = NDArray[np.float64]

RATE = 16000
HOP_S = 0.016
_WINDOW_S = 0.128
_KAISER = 2 * math.pi**2 + 0.5
"""Praat's window, step and shape of an intensity that ripples with no pitch above 50 Hz."""
_PITCH = (30.0, 450.0)
"""Hz, of a nucleus."""
_QUIET, _VOICED, _OCTAVE = 0.03, 0.25, 0.01
"""Boersma's silence threshold, voicing threshold and cost of an octave, of the script."""
_SHORTEST_SOUND = 0.1
"""Seconds: what sounds for less between two pauses is no speech."""
_FEWEST = 3
"""Syllables that have a rate worth the name."""


@dataclass(frozen=True)
class PaceConfig(Configuration):
    """One convention.

    Attributes:
        dip: dB by which the intensity falls after a nucleus before it rises to the next.
        silence: dB below the 99th percentile of the intensity, under which nobody speaks.
        pause: seconds of silence that are no part of speaking.
    """

    dip: Annotated[float, Range(0.1, 30)] = 2.0
    silence: Annotated[float, Range(1, 100)] = 25.0
    pause: Annotated[float, Range(0.01, 10)] = 0.3


class Pace(VoiceMetric):
    """How far the pace of the generated speech is from that of the voice profile, in syllables a second, at least 0.

    The voice profile may say other words; where there is none, the reference's sound stands for it. Lower is better. A
    profile of three seconds has about a dozen syllables, of which one more or less moves its pace by a twelfth.

    Per clip: "voice" float64 [1], syllables a second of speech without its pauses (articulation rate).

    Args:
        name: "pace", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "pace", "Pace", "1/s"
    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    statistics_kind = "pace"
    conventions: ClassVar[Mapping[str, Any]] = {"pace": PaceConfig()}

    def _voice(self, waveform: Waveform, sample_rate: int) -> Floats:
        nuclei, seconds = syllables(checked(waveform, sample_rate, 0.5), sample_rate, self.config)
        if len(nuclei) < _FEWEST:
            raise Unmeasurable(f"{len(nuclei)} syllables are heard, a pace needs {_FEWEST}")
        return np.array([len(nuclei) / seconds])

    def _likeness(self, wanted: Floats, heard: Floats) -> float:
        return float(np.abs(wanted[0] - heard[0]))


def syllables(waveform: Waveform, sample_rate: int, config: PaceConfig) -> tuple[Floats, float]:
    """Times of syllable nuclei in seconds, float64 [k], and seconds of speech, of a waveform float32 [S]."""
    signal = resampled(waveform, sample_rate, RATE).astype(np.float64)
    level = intensity(signal)
    threshold = float(np.percentile(level, 99)) - config.silence
    speaking = _speaking(level > threshold, config.pause)
    inner = level[1:-1]
    peaks = 1 + np.flatnonzero((inner > level[:-2]) & (inner >= level[2:]) & (inner > threshold) & speaking[1:-1])
    ends = [*peaks[1:], len(level)]
    dips = np.array([level[peak] - level[peak:end].min() for peak, end in zip(peaks, ends, strict=True)])
    times = np.asarray(peaks[dips > config.dip] * HOP_S, np.float64)
    return times[_voiced(signal, times)], float(speaking.sum() * HOP_S)


def intensity(signal: Floats) -> Floats:
    """Praat's intensity of a signal float64 [S] at 16 kHz in dB, every 16 ms, the first at its first sample."""
    window = np.kaiser(round(_WINDOW_S * RATE) + 1, _KAISER)
    window /= window.sum()
    half = len(window) // 2
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(signal, half), len(window))[:: round(HOP_S * RATE)]
    power = np.square(frames) @ window - np.square(frames @ window)  # without its mean
    return np.asarray(10 * np.log10(np.maximum(power, 1e-20)))


def _voiced(signal: Floats, times: Floats) -> NDArray[np.bool_]:
    """Whether a signal float64 [S] at 16 kHz is periodic at these times (Boersma 1993), bool [k]."""
    size, lags = round(3 / _PITCH[0] * RATE), np.arange(round(RATE / _PITCH[1]), round(RATE / _PITCH[0]) + 1)
    window = np.hanning(size + 2)[1:-1]
    padded, loudest = np.pad(signal, size // 2 + 1), float(np.abs(signal - signal.mean()).max())
    cost = _OCTAVE * np.log2(lags * (_PITCH[0] / RATE))
    found = np.zeros(len(times), bool)
    for place, time in enumerate(times):
        frame = padded[(start := round(time * RATE)) : start + size]
        frame = frame - frame.mean()
        alike = _autocorrelation(frame * window, lags) / _autocorrelation(window, lags)
        tops = np.flatnonzero((alike[1:-1] > alike[:-2]) & (alike[1:-1] >= alike[2:])) + 1
        strength = float((alike - cost)[tops].max(initial=-1))
        quiet = float(np.abs(frame).max()) / loudest / (_QUIET / (1 + _VOICED))
        found[place] = strength > _VOICED + max(0.0, 2 - quiet)
    return found


def _autocorrelation(frame: Floats, lags: NDArray[np.intp]) -> Floats:
    """At these lags, relative to that at none."""
    power = np.abs(np.fft.rfft(frame, 2 * len(frame))) ** 2
    found = np.fft.irfft(power)
    return np.asarray(found[lags] / max(float(found[0]), 1e-30))


def _speaking(loud: NDArray[np.bool_], pause: float) -> NDArray[np.bool_]:
    """Where there is speech: what is loud, and gaps in it that are shorter than a pause."""
    filled = _without_runs(loud, False, pause)
    return _without_runs(filled, True, _SHORTEST_SOUND)


def _without_runs(flags: NDArray[np.bool_], value: bool, seconds: float) -> NDArray[np.bool_]:
    """The flags, runs of a value turned where they are shorter than this; silence at the ends stays."""
    edges = np.flatnonzero(np.diff(flags)) + 1
    starts, ends = [0, *edges], [*edges, len(flags)]
    made = flags.copy()
    for start, end in zip(starts, ends, strict=True):
        inside = value or (start > 0 and end < len(flags))
        if flags[start] == value and inside and (end - start) * HOP_S < seconds:
            made[start:end] = not value
    return made
