"""What every audio metric asks of a waveform before it measures anything."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from metrics.base.media import checked_rate
from metrics.base.metric import ClipObserver, Statistics, Unmeasurable

Waveform = NDArray[np.float32]

LOUDEST = 16.0
"""Times full scale, +24 dB: no decoder and no resampler takes a recording that far over it, samples on the scale of
16-bit integers lie beyond it, or are too soft to be heard."""
SLOWEST = 1000
"""Hz, below which nothing is left of speech."""


def checked(waveform: ArrayLike, sample_rate: int, seconds: float) -> Waveform:
    """As `finite`, and not constant.

    Raises:
        Unmeasurable: it is silent, or as `finite` says.
    """
    found = finite(waveform, sample_rate, seconds)
    if np.max(waveform) == np.min(waveform):
        raise Unmeasurable("the audio is silent")
    return found


def finite(waveform: ArrayLike, sample_rate: int, seconds: float) -> Waveform:
    """The waveform as float32 [S], S at least `seconds` long, finite and on the scale -1..1; it may be silent.

    Raises:
        Unmeasurable: it is too short, beyond `LOUDEST`, or holds NaN or infinity.
        TypeError: it is not floating point.
        ValueError: it is not one-dimensional, or the sample rate is no whole number of Hz.
    """
    sample_rate = checked_rate(sample_rate, SLOWEST)
    array = np.asarray(waveform)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"A waveform must be floating point in -1..1, got {array.dtype}; divide 16-bit samples by 32768."
        )
    if array.ndim != 1:
        raise ValueError(f"A waveform must be mono, of shape [S], got {list(array.shape)}; average its channels first.")
    if len(array) < seconds * sample_rate:
        raise Unmeasurable(f"the audio is {len(array) / sample_rate:.3f} s long, at least {seconds:g} s are needed")
    low, high = float(array.min(initial=0)), float(array.max(initial=0))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise Unmeasurable("the audio holds NaN or infinite samples")
    peak = max(-low, high)
    if peak > LOUDEST:
        raise Unmeasurable(f"the audio reaches {peak:.4g}, and samples lie in -1..1: divide those of 16 bits by 32768")
    return array.astype(np.float32)


def resampled(waveform: Waveform, sample_rate: int, wanted: int) -> Waveform:
    """The waveform at `wanted` Hz, ceil(S * wanted / sample_rate) samples, as `librosa.load` does it (soxr HQ)."""
    if wanted == sample_rate:
        return waveform
    length = math.ceil(len(waveform) * wanted / sample_rate)
    converted = soxr.resample(waveform, sample_rate, wanted, quality="HQ")[:length]
    return np.pad(converted, (0, length - len(converted)))


def held(waveform: Waveform) -> Waveform:
    """A waveform that stays as it is: itself where nobody may write to it, as those of the harness, else a copy.

    An hour is 230 MB, which all metrics of a clip then share.
    """
    return waveform.copy() if waveform.flags.writeable else waveform


class WaveformObserver(ClipObserver):
    """Hands a clip's whole soundtrack to one function.

    Args:
        measure: float32 [S] and its sample rate in Hz to the clip's statistics; may raise `Unmeasurable`.
    """

    def __init__(self, measure: Callable[[Waveform, int], Statistics]) -> None:
        self._measure = measure
        self._heard: tuple[Waveform, int] | None = None

    def waveform(self, waveform: Waveform, sample_rate: int) -> None:
        self._heard = held(waveform), sample_rate

    def finish(self) -> Callable[[], Statistics]:
        heard, self._heard = self._heard, None
        return lambda: self._measured(heard)

    def _measured(self, heard: tuple[Waveform, int] | None) -> Statistics:
        if heard is None:
            raise Unmeasurable("the clip has no audio")
        return self._measure(*heard)
