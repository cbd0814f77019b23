"""STOI and ESTOI of long sound, a part at a time: what `pystoi` computes, in memory that does not grow with the rest.

`pystoi` holds every segment of 30 frames, and copies of them: 12 GB for an hour. Here frames, spectra and segments pass
by a part at a time, with `pystoi`'s own constants and filters; what is held as a whole is the sound at 10 kHz. The sum
over segments is added up in another order, and ESTOI's noise at machine precision is drawn in another, so that values
are `pystoi`'s within some 1e-15.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PART = 1 << 12
"""Frames, or segments, at a time."""


def package() -> Any:
    """The module `pystoi.stoi`, imported when speech is compared: it brings scipy.signal, which takes a second.

    By `import_module`, for the package has a function of the same name.
    """
    return importlib.import_module("pystoi.stoi")


def at_package_rate(waveform: NDArray[np.float32], sample_rate: int) -> Floats:
    """A waveform float32 [S] at the 10 kHz that the measure is defined at."""
    rate, utils, signal = package().FS, package().utils, waveform.astype(np.float64)
    return signal if sample_rate == rate else np.asarray(utils.resample_oct(signal, rate, sample_rate))


def audible_frames(signal: Floats) -> NDArray[np.intp]:
    """First samples of the frames of a signal at 10 kHz that `pystoi` finds speech in: within 40 dB of the loudest."""
    stoi = package()
    frames = _frames(signal)
    levels = np.concatenate(
        [
            20 * np.log10(np.linalg.norm(frames[at : at + PART] * _window(), axis=1) + stoi.utils.EPS)
            for at in range(0, len(frames), PART)
        ]
        or [np.empty(0)]
    )
    audible = levels > levels.max(initial=-math.inf) - stoi.DYN_RANGE
    return np.asarray(np.flatnonzero(audible) * (stoi.N_FRAME // 2))


def intelligibility_in_parts(
    clean: Floats, degraded: Floats, starts: NDArray[np.intp], extended: bool, random: np.random.RandomState
) -> float:
    """STOI or ESTOI of two signals float64 [S] at 10 kHz.

    Args:
        starts: `audible_frames` of `clean`, at least 31.
        extended: ESTOI.
        random: where ESTOI's noise comes from.
    """
    total, count = [], 0
    for x, y in zip(_segments(clean, starts), _segments(degraded, starts), strict=True):
        total.append(_extended(x, y, random) if extended else _correlated(x, y))
        count += len(x)
    return math.fsum(total) / count


def _window() -> Floats:
    return np.hanning(package().N_FRAME + 2)[1:-1]


def _frames(signal: Floats) -> Floats:
    """All frames but one that ends with the last sample, which `pystoi` never uses."""
    length = package().N_FRAME
    count = len(range(0, len(signal) - length, length // 2))
    if not count:
        return np.empty((0, length))
    return np.lib.stride_tricks.sliding_window_view(signal, length)[:: length // 2][:count]


def _segments(signal: Floats, starts: NDArray[np.intp]) -> Iterator[Floats]:
    """Segments of 30 frames in 15 bands, [s, 15, 30], of the audible frames put one after another, in parts."""
    length = package().N
    before = np.empty((len(package().OBM), 0))
    for start in range(0, len(starts) - 1, PART):
        bands = np.concatenate([before, _bands(signal, starts, start, min(start + PART, len(starts) - 1))], axis=1)
        before = bands[:, -(length - 1) :]
        if bands.shape[1] >= length:
            yield np.ascontiguousarray(
                np.lib.stride_tricks.sliding_window_view(bands, length, axis=1).transpose(1, 0, 2)
            )


def _bands(signal: Floats, starts: NDArray[np.intp], first: int, end: int) -> Floats:
    """Levels of the bands, [15, end - first], in these frames of the audible frames overlapped and added."""
    stoi = package()
    hop = stoi.N_FRAME // 2
    taken = starts[max(0, first - 1) : end + 1]
    windowed = signal[taken[:, None] + np.arange(stoi.N_FRAME)] * _window()
    earlier = windowed[:-1, hop:] if first else np.concatenate([np.zeros((1, hop)), windowed[:-1, hop:]])
    joined = (windowed[len(windowed) - len(earlier) :, :hop] + earlier).reshape(-1)
    frames = np.lib.stride_tricks.sliding_window_view(joined, stoi.N_FRAME)[::hop]
    spectra = np.fft.rfft(frames * _window(), stoi.NFFT)
    return np.asarray(np.sqrt(np.matmul(stoi.OBM, np.square(np.abs(spectra)).T)))


def _correlated(x: Floats, y: Floats) -> float:
    """The sum over segments [s, 15, 30] of the mean correlation of their bands."""
    stoi = package()
    tiny = stoi.utils.EPS

    def norm(segments: Floats) -> Floats:
        return np.asarray(np.linalg.norm(segments, axis=2, keepdims=True))

    clipped = np.minimum(y * (norm(x) / (norm(y) + tiny)), x * (1 + 10 ** (-stoi.BETA / 20)))
    sides = [side - side.mean(axis=2, keepdims=True) for side in (x, clipped)]
    x, y = (side / (norm(side) + tiny) for side in sides)
    return float(np.sum(x * y) / x.shape[1])


def _extended(x: Floats, y: Floats, random: np.random.RandomState) -> float:
    """The sum over segments [s, 15, 30] of the correlation of both, normalised by band and then by frame."""
    x, y = (_normalised(_normalised(side, 2, random), 1, random) for side in (x, y))
    return float(np.sum(x * y) / package().N)


def _normalised(segments: Floats, axis: int, random: np.random.RandomState) -> Floats:
    """Mean 0 and length 1 along an axis, after noise at machine precision, without which silence would be 0 / 0."""
    noisy = segments + package().utils.EPS * random.standard_normal(segments.shape)
    noisy -= noisy.mean(axis=axis, keepdims=True)
    return np.asarray(noisy / np.sqrt(np.square(noisy).sum(axis=axis, keepdims=True)))
