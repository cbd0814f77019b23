"""Magnitude spectrograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def magnitudes(
    waveform: NDArray[np.floating], window: NDArray[np.float64], hop: int, fft_size: int, *, centred: bool
) -> NDArray[np.float64]:
    """Magnitude spectra float64 [T, fft_size / 2 + 1] of the frames that fit into the waveform [S].

    Args:
        window: float64 [W], W <= fft_size.
        hop: samples between frames.
        fft_size: frames are zero-padded at their end to this length.
        centred: pad half a window of zeros on both ends, so that frame t is centred on sample t * hop.
    """
    signal = np.asarray(waveform, np.float64)
    if centred:
        signal = np.pad(signal, len(window) // 2)
    frames = np.lib.stride_tricks.sliding_window_view(signal, len(window))[::hop]
    return np.asarray(np.abs(np.fft.rfft(frames * window, fft_size)))


def periodic_hann(length: int) -> NDArray[np.float64]:
    """Hann window float64 [length] that would repeat after `length` samples."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi / length * np.arange(length)))
