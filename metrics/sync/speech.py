"""Loudness and band levels of speech, one row for each frame of video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.audio.mel_filters import htk_mel_filters
from metrics.audio.spectrogram import parts, periodic_hann
from metrics.audio.waveform import Waveform, resampled

Floats = NDArray[np.float64]

SAMPLE_RATE = 16000
BANDS = 8
LOW, HIGH = 100.0, 7500.0
DEEPEST = 40.0
"""dB below the loudest frame at which levels end: what is softer is silence."""
BAND_DEPTH = 50.0
_WINDOW, _FFT = 400, 512
_PARTS = 4
"""Spectra for each frame of video."""


def levels(waveform: Waveform, sample_rate: int, frames: int, fps: float) -> tuple[Floats, Floats]:
    """Loudness [T] and levels of mel bands [T, 8] in dB, of the sound that belongs to each of T frames of video.

    Sound that ends early counts as silence.

    Args:
        waveform: float32 [S].
        frames: T.
        fps: of the video; a whole number of samples at 16 kHz belongs to a quarter of a frame.
    """
    signal = resampled(waveform, sample_rate, SAMPLE_RATE)
    hop = round(SAMPLE_RATE / fps / _PARTS)
    needed = (frames * _PARTS - 1) * hop + _WINDOW
    signal = np.pad(signal, (0, max(0, needed - len(signal))))[:needed]
    filters = htk_mel_filters(SAMPLE_RATE, _FFT, BANDS, LOW, HIGH).T
    spectra = parts(signal, periodic_hann(_WINDOW), hop, _FFT, centred=False)
    bands = np.concatenate([part**2 @ filters for part in spectra])
    bands = bands.reshape(frames, _PARTS, BANDS).mean(axis=1)
    return _decibels(bands.sum(axis=1), DEEPEST), _decibels(bands, BAND_DEPTH)


def _decibels(power: Floats, depth: float) -> Floats:
    """In dB relative to the greatest, no less than -`depth`."""
    share = power / max(float(power.max()), 1e-30)
    return np.asarray(10 * np.log10(np.maximum(share, 10 ** (-depth / 10))))
