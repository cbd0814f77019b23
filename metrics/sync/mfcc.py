"""Mel-frequency cepstra as SyncNet was trained on: those of `python_speech_features` 0.6 with its defaults."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAMPLE_RATE = 16000
COEFFICIENTS = 13
_WINDOW, _HOP, _FFT = 400, 160, 512
_BANDS = 26
_EMPHASIS = 0.97
_LIFTER = 22
_TINY = float(np.finfo(np.float64).eps)


def mfcc(samples: NDArray[np.int16]) -> Floats:
    """13 cepstra of each 25 ms of 16 kHz speech, every 10 ms: float64 [T, 13]; the first is the log energy.

    The last window is filled up with zeros, frames are not tapered, filters are triangles between whole bins.

    Args:
        samples: int16 [S].
    """
    signal = samples.astype(np.float64)
    signal = np.append(signal[:1], signal[1:] - _EMPHASIS * signal[:-1])
    count = 1 + max(0, -(-(len(signal) - _WINDOW) // _HOP))
    padded = np.pad(signal, (0, (count - 1) * _HOP + _WINDOW - len(signal)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(frames, _FFT))) / _FFT
    bands = np.log(_positive(power @ _filters().T))
    cepstra = scipy.fft.dct(bands, type=2, axis=1, norm="ortho")[:, :COEFFICIENTS]
    cepstra *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / _LIFTER)
    cepstra[:, 0] = np.log(_positive(power.sum(axis=1)))
    return np.asarray(cepstra)


def as_int16(waveform: NDArray[np.floating]) -> NDArray[np.int16]:
    """Samples in -1..1 as a 16-bit file has them."""
    return np.clip(np.rint(np.asarray(waveform, np.float64) * 32768), -32768, 32767).astype(np.int16)


def _positive(numbers: Floats) -> Floats:
    return np.where(numbers == 0, _TINY, numbers)


@lru_cache(maxsize=1)
def _filters() -> Floats:
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    edges = np.floor((_FFT + 1) * hertz / SAMPLE_RATE).astype(int)
    filters = np.zeros((_BANDS, _FFT // 2 + 1))
    for row, (low, middle, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        filters[row, low:middle] = (np.arange(low, middle) - low) / (middle - low)
        filters[row, middle:high] = (high - np.arange(middle, high)) / (high - middle)
    return filters
