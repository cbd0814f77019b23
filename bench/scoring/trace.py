"""What the gallery shows of a clip beside its scores: a spectrogram of its sound, and how much its pictures move."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Modality, Statistics
from metrics.base.signature import statistics_id

COLUMNS, BANDS = 256, 48
"""Of the spectrogram at most."""
HIGHEST = 8000.0
"""Hz at the top of the spectrogram."""
RANGE = 70.0
"""Decibels below full scale at which the spectrogram is black."""
EVERY = 4
"""Pixels between those that are compared, down and across."""


@dataclass(frozen=True)
class Trace:
    """A picture of one stream of a clip, observed like a metric, but no score.

    Of sound: `spectrogram`, uint8 [48, W <= 256], decibels from -70 (0) to 0 (255) of full scale, in bands of equal
    width from 0 (the last row) to 8 kHz. Of pictures: `motion`, float32 [T], the mean absolute difference of brightness
    (0..255) from the frame before; 0 for the first frame.

    Attributes:
        modality: which stream is pictured.
    """

    modality: Modality
    native_audio = False
    longest_sound = math.inf
    name = "trace"

    @property
    def modalities(self) -> frozenset[Modality]:
        """What it looks at."""
        return frozenset({self.modality})

    @property
    def statistics_id(self) -> str:
        """Names its statistics, as that of a metric does."""
        return statistics_id("trace", self, {}, __name__)

    @property
    def signature(self) -> str:
        """No number of it is ever shown, so the name of its statistics suffices."""
        return self.statistics_id

    def observe(self) -> ClipObserver:
        """A fresh observer for one clip."""
        return _Motion() if self.modality == "video" else _Spectrum()


class _Motion(ClipObserver):
    def __init__(self) -> None:
        self._before: NDArray[np.int16] | None = None
        self._found: list[float] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for frame in frames[:, ::EVERY, ::EVERY]:
            bright = (frame.astype(np.uint32) @ np.array([77, 150, 29], np.uint32) >> 8).astype(np.int16)
            before = bright if self._before is None else self._before
            self._found.append(float(np.abs(bright - before).mean()))
            self._before = bright

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"motion": np.array(self._found, np.float32)}


class _Spectrum(ClipObserver):
    _made: NDArray[np.uint8] = np.zeros((BANDS, 0), np.uint8)

    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:
        self._made = _spectrogram(waveform, sample_rate)

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"spectrogram": self._made}


def _spectrogram(waveform: NDArray[np.float32], sample_rate: int) -> NDArray[np.uint8]:
    window = max(64, round(0.032 * sample_rate))
    if len(waveform) < window:
        return np.zeros((BANDS, 0), np.uint8)
    hop = max(window // 4, -(-(len(waveform) - window) // (COLUMNS - 1)))
    if hop > window:  # scipy takes no gaps between frames: these are put side by side
        frames = np.lib.stride_tricks.sliding_window_view(waveform, window)[::hop]
        waveform, hop = frames.reshape(-1), window
    frequencies, _, power = scipy.signal.spectrogram(
        waveform, sample_rate, "hann", window, window - hop, scaling="spectrum", detrend=False
    )
    edges = np.searchsorted(frequencies, np.linspace(0, HIGHEST, BANDS + 1))
    bands = [
        power[low : max(low + 1, high)].max(axis=0) if low < len(power) else np.zeros(power.shape[1])
        for low, high in itertools.pairwise(edges)
    ]
    decibels = 10 * np.log10(np.array(bands[::-1], np.float64) * 2 + 1e-12)
    level: NDArray[np.uint8] = np.round(255 * np.clip(1 + decibels / RANGE, 0, 1)).astype(np.uint8)
    return level[:, :COLUMNS]
