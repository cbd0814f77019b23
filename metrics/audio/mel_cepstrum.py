"""Mel-cepstra from power spectra, as one matrix product per clip.

The mel-cepstrum of a frame is its cepstrum, resampled on a frequency axis that a first-order all-pass filter bends
(Tokuda, Kobayashi, Masuko and Imai, "Mel-generalized cepstral analysis", ICSLP 1994). Both steps are linear in the log
spectrum, so for a given transform size they are one matrix.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@lru_cache(maxsize=32)
def mel_warping(sample_rate: int) -> float:
    """The all-pass coefficient whose phase comes closest to the mel scale, for example 0.41 at 16 kHz.

    Least squares between the two curves on 0..sample_rate/2, both scaled to end at 1, searched in steps of 0.001.
    """
    omega = np.arange(1, 501) / 500 * np.pi
    mel = np.log1p(omega / np.pi * sample_rate / 2 / 1000)
    mel /= mel[-1]
    candidates = np.arange(0, 1, 0.001)[:, None]
    phase = omega + 2 * np.arctan2(candidates * np.sin(omega), 1 - candidates * np.cos(omega))
    errors = np.sum((phase / np.pi - mel) ** 2, axis=1)
    return round(float(candidates[np.argmin(errors), 0]), 3)


@lru_cache(maxsize=8)
def mel_cepstrum_matrix(fft_size: int, order: int, alpha: float) -> Floats:
    """The matrix float64 [fft_size / 2 + 1, order + 1] that takes log power spectra to mel-cepstra c0..c_order."""
    bins = fft_size // 2 + 1
    cepstrum = np.fft.irfft(np.eye(bins), axis=1)[:, :bins]
    # One-sided cepstrum of the log amplitude: the ends of the even sequence count half.
    cepstrum[:, [0, -1]] *= 0.5
    matrix: Floats = _bend_frequency(cepstrum, order, alpha)
    matrix.setflags(write=False)
    return matrix


def mel_cepstrum(power: Floats, order: int, alpha: float) -> Floats:
    """Mel-cepstra float64 [T, order + 1] of power spectra float64 [T, fft_size / 2 + 1], all greater than zero."""
    matrix = mel_cepstrum_matrix(2 * (power.shape[1] - 1), order, alpha)
    return np.asarray(np.log(power) @ matrix)


def _bend_frequency(cepstra: Floats, order: int, alpha: float) -> Floats:
    """Cepstra [N, M] on the bent axis [N, order + 1]: Oppenheim's recursion, over all rows at once.

    The series sum_m c_m z^-m is evaluated by Horner's rule from its last term; multiplying by the all-pass
    (z^-1 - alpha) / (1 - alpha z^-1) instead of z^-1 keeps each partial sum a series on the bent axis.
    """
    bent = np.zeros((len(cepstra), order + 1))
    for term in cepstra.T[::-1]:
        before = bent.copy()
        bent[:, 0] = term + alpha * before[:, 0]
        if order:
            bent[:, 1] = (1 - alpha**2) * before[:, 0] + alpha * before[:, 1]
        for m in range(2, order + 1):
            bent[:, m] = before[:, m - 1] + alpha * (before[:, m] - bent[:, m - 1])
    return bent
