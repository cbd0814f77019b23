"""How well one signal follows another at each lag between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RIDGE = 0.1
"""Weight of the ridge for each frame, on signals of unit variance: eight bands explain noise else."""
SLOWEST_HZ = 0.5
"""Slower changes (a smile, a step closer to the camera) are no speech."""


def agreement(mouth: Floats, loudness: Floats, bands: Floats, reach: int, fps: float) -> Floats:
    """How well the mouth follows speech, float64 [2 reach + 1], from a lag of -reach frames (sound early) to reach.

    The mean of three correlations: of mouth shapes with what ridge regression predicts them to be from the bands; of
    their changes from frame to frame with what the bands' changes predict; and of the opening's changes with those of
    the loudness. The first sees vowels, the others onsets and closures.

    Args:
        mouth: shapes [T, 3], the opening first.
        loudness: [T].
        bands: [T, B].
        reach: frames, less than T / 2.
    """
    steady, spoken = (_without_drift(signal, fps) for signal in (mouth, bands))
    moves, onsets = (np.gradient(signal, axis=0) for signal in (mouth, bands))
    opening, rising = moves[:, :1], np.gradient(loudness)[:, None]
    curves = [
        _at_each_lag(steady, spoken, reach, _predicted),
        _at_each_lag(moves, onsets, reach, _predicted),
        _at_each_lag(opening, rising, reach, _correlated),
    ]
    return np.asarray(np.mean(curves, axis=0))


def _at_each_lag(first: Floats, second: Floats, reach: int, measure: Callable[[Floats, Floats], float]) -> Floats:
    length = len(first)
    found = []
    for lag in range(-reach, reach + 1):
        still = first[max(0, -lag) : length - max(0, lag)]
        moved = second[max(0, lag) : length + min(0, lag)]
        found.append(measure(_standardised(still), _standardised(moved)))
    return np.array(found)


def _predicted(shapes: Floats, bands: Floats) -> float:
    """Multiple correlation of all shapes with their ridge regression on the bands, 0..1."""
    n = len(shapes)
    weights = np.linalg.solve(bands.T @ bands + RIDGE * n * np.eye(bands.shape[1]), bands.T @ shapes)
    left = np.square(shapes - bands @ weights).sum()
    total = np.square(shapes).sum()
    return float(np.sqrt(max(0.0, 1 - left / total))) if total > 0 else 0.0


def _correlated(opening: Floats, loudness: Floats) -> float:
    return float((opening * loudness).mean())


def _standardised(signal: Floats) -> Floats:
    """Columns of mean 0 and variance 1; a constant one becomes 0."""
    centred = signal - signal.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(np.where(spread > 1e-9, centred / np.maximum(spread, 1e-9), 0.0))


def _without_drift(signal: Floats, fps: float) -> Floats:
    """What changes faster than `SLOWEST_HZ`, by a Butterworth filter forth and back."""
    from scipy.signal import butter, sosfiltfilt  # takes a second, which listing metrics need not wait for

    sections = butter(2, SLOWEST_HZ / (fps / 2), "high", output="sos")
    return np.asarray(sosfiltfilt(sections, signal, axis=0, padlen=min(15, len(signal) - 1)))
