"""Triangular mel filter banks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@lru_cache(maxsize=8)
def htk_mel_filters(sample_rate: int, fft_size: int, bands: int, low: float, high: float) -> Floats:
    """Filters float64 [bands, fft_size / 2 + 1] of height 1, triangular on HTK's scale 1127 ln(1 + f / 700).

    What VGGish and Kaldi use.
    """
    mel = 1127 * np.log1p(np.linspace(0, sample_rate / 2, fft_size // 2 + 1) / 700)
    edges = np.linspace(1127 * np.log1p(low / 700), 1127 * np.log1p(high / 700), bands + 2)
    filters = _triangles(mel, edges)
    filters[:, 0] = 0  # HTK leaves out the constant component
    filters.setflags(write=False)
    return filters


@lru_cache(maxsize=8)
def slaney_mel_filters(sample_rate: int, fft_size: int, bands: int) -> Floats:
    """Filters float64 [bands, fft_size / 2 + 1] of equal area from 0 Hz to half the sample rate, triangular in Hz.

    Slaney's Auditory Toolbox scale, linear up to 1 kHz and logarithmic above: librosa's default.
    """
    top = _slaney_mel(np.array([sample_rate / 2]))[0]
    edges = _slaney_hertz(np.linspace(0, top, bands + 2))
    filters = _triangles(np.linspace(0, sample_rate / 2, fft_size // 2 + 1), edges)
    filters *= 2 / (edges[2:] - edges[:-2])[:, None]
    filters.setflags(write=False)
    return filters


def _triangles(frequencies: Floats, edges: Floats) -> Floats:
    """Triangle k rises from edges[k] to edges[k + 1] and falls to edges[k + 2]."""
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    triangles: Floats = np.maximum(0, np.minimum(rising, falling))
    return triangles


_LINEAR_HZ = 200 / 3  # Hz per mel below the break
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27  # per mel above the break


def _slaney_mel(hertz: Floats) -> Floats:
    above = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hertz < _BREAK_HZ, hertz / _LINEAR_HZ, above)


def _slaney_hertz(mel: Floats) -> Floats:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, above)
