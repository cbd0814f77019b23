"""The spectral envelope of the WORLD vocoder, without the aperiodicity that a cepstral distance never reads."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import Unmeasurable

with warnings.catch_warnings():
    # pyworld asks pkg_resources for its own version, which warns every user of ours about its retirement.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
    import pyworld

_UNVOICED = 500
"""Hz: the pitch that CheapTrick takes for frames without one; its window holds three periods."""


def spectral_envelope(
    waveform: NDArray[np.float64], sample_rate: int, frame_period: float = 5.0, fft_size: int | None = None
) -> NDArray[np.float64]:
    """Power spectra float64 [T, fft_size / 2 + 1], one per `frame_period` milliseconds, all greater than zero.

    Fundamental frequency by DIO refined by StoneMask, envelope by CheapTrick: what WORLD's own analysis does before it
    goes on to the aperiodicity (Morise, Yokomori and Ozawa, "WORLD", IEICE 2016).

    Args:
        waveform: float64 [S], at least a tenth of a second.
        fft_size: None takes CheapTrick's own choice for the sample rate (1024 at 16 kHz).

    Raises:
        Unmeasurable: `fft_size` is too small for the sample rate.
    """
    if fft_size is not None and fft_size - 3 <= 3 * sample_rate / _UNVOICED:
        # CheapTrick would write past the end of its window, which ends the process.
        raise Unmeasurable(f"fft_size {fft_size} is too small for a sample rate of {sample_rate} Hz")
    coarse, times = pyworld.dio(waveform, sample_rate, frame_period=frame_period)
    pitch = pyworld.stonemask(waveform, coarse, times, sample_rate)
    return np.asarray(pyworld.cheaptrick(waveform, pitch, times, sample_rate, fft_size=fft_size))
