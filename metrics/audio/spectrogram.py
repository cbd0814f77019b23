"""Magnitude spectrograms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PART = 1 << 16
"""Frames of `parts`: eleven minutes at 100 frames a second, so that shorter clips have one part."""
_AT_ONCE = 1 << 12
"""Frames that are transformed at a time: complex spectra of all would take twice the room of what is asked for."""


def magnitudes(waveform: NDArray[np.floating], window: Floats, hop: int, fft_size: int, *, centred: bool) -> Floats:
    """Magnitude spectra float64 [T, fft_size / 2 + 1] of the frames that fit into the waveform [S].

    Args:
        window: float64 [W], W <= fft_size.
        hop: samples between frames.
        fft_size: frames are zero-padded at their end to this length.
        centred: pad half a window of zeros on both ends, so that frame t is centred on sample t * hop.
    """
    return _spectra(_frames(waveform, window, hop, centred), window, fft_size)


def parts(
    waveform: NDArray[np.floating], window: Floats, hop: int, fft_size: int, *, centred: bool
) -> Iterator[Floats]:
    """As `magnitudes`, `PART` frames at a time, so that memory does not grow with the waveform."""
    frames = _frames(waveform, window, hop, centred)
    for start in range(0, len(frames), PART):
        yield _spectra(frames[start : start + PART], window, fft_size)


def _frames(waveform: NDArray[np.floating], window: Floats, hop: int, centred: bool) -> NDArray[np.floating]:
    signal = np.pad(waveform, len(window) // 2) if centred else waveform
    return np.lib.stride_tricks.sliding_window_view(signal, len(window))[::hop]


def _spectra(frames: NDArray[np.floating], window: Floats, fft_size: int) -> Floats:
    found = np.empty((len(frames), fft_size // 2 + 1))
    for start in range(0, len(frames), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        np.abs(np.fft.rfft(frames[part] * window, fft_size), out=found[part])
    return found


def periodic_hann(length: int) -> Floats:
    """Hann window float64 [length] that would repeat after `length` samples."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi / length * np.arange(length)))
