"""Give speech the pitch, range, formants, spectral tilt and loudness of a voice profile.

Analysis and synthesis: WORLD (Morise, Yokomori and Ozawa 2016) through pyworld: fundamental frequency by DIO and
StoneMask, envelope by CheapTrick, aperiodicity by D4C. Timing is never changed.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import soxr
from numpy.typing import NDArray

from narrator.contract import GenerationFailed, Voice
from narrator.prompts import check_voice

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyworld imports pkg_resources, which announces its end on every import
    import pyworld

_log = logging.getLogger(__name__)

Float = NDArray[np.float64]

_ENOUGH_VOICED_S = 0.3
_LEARNT_S = 15.0
"""Longest stretch of speech that is analysed to learn a voice."""
_BLOCK_S = 20.0
"""Longest stretch that is resynthesised at once: WORLD's arrays take about 80 kB per 10 ms."""
_FRAME_S = 0.005
_BANDS = 64


@dataclass(frozen=True, eq=False)
class VoiceChange:
    """How to turn one voice into another.

    Attributes:
        pitch_ratio: median fundamental frequency, new / old.
        pitch_center: old median in Hz, about which the range is stretched; 0 leaves the range.
        range_ratio: spread of log F0, new / old.
        formant_ratio: factor on the frequency axis of the spectral envelope.
        tilt: gain in natural log units of power, float64 [64], on the mel grid of `_band_frequencies`.
        loudness: root mean square of active speech to reach, 0 keeps the old one.
    """

    pitch_ratio: float = 1.0
    pitch_center: float = 0.0
    range_ratio: float = 1.0
    formant_ratio: float = 1.0
    tilt: Float | None = None
    loudness: float = 0.0

    @property
    def changes_sound(self) -> bool:
        """False where only the loudness changes."""
        return self.tilt is not None or (self.pitch_ratio, self.range_ratio, self.formant_ratio) != (1.0, 1.0, 1.0)


def match_voice(speech: NDArray[np.float32], rate: int, profile: Voice) -> NDArray[np.float32]:
    """The speech, float32 [S], with the profile's median F0 and F0 range, formant scale, spectral tilt and loudness.

    Raises:
        GenerationFailed: the profile is unvoiced, or unusable by `narrator.prompts.check_voice`.
    """
    return apply_change(speech, rate, learn_voice(speech, rate, profile))


def shift_voice(
    waveform: NDArray[np.float32], rate: int, pitch_ratio: float, formant_ratio: float
) -> NDArray[np.float32]:
    """The speech, float32 [S], with F0 and formant frequencies multiplied (sensible: 0.5 to 2.0 and 0.75 to 1.33)."""
    if not (0.25 <= pitch_ratio <= 4.0 and 0.5 <= formant_ratio <= 2.0):
        raise ValueError(
            f"pitch_ratio must be 0.25..4 and formant_ratio 0.5..2, got {pitch_ratio} and {formant_ratio}."
        )
    return apply_change(waveform, rate, VoiceChange(pitch_ratio=pitch_ratio, formant_ratio=formant_ratio))


def learn_voice(speech: NDArray[np.float32], rate: int, profile: Voice) -> VoiceChange:
    """What turns the voice of `speech` (float32 [S], Hz) into that of `profile`.

    Raises:
        GenerationFailed: see `match_voice`.
    """
    check_voice(profile)
    profile_rate = profile.sample_rate
    profile_speech = np.asarray(profile.waveform, np.float64)[: int(_LEARNT_S * profile_rate)]
    change = VoiceChange(loudness=active_rms(profile_speech, profile_rate))
    target = _Timbre.of(soxr.resample(profile_speech, profile_rate, rate, "HQ"), rate)
    if target is None:
        raise GenerationFailed(
            f"the voice profile holds less than {_ENOUGH_VOICED_S} s of voiced speech in its first {_LEARNT_S:g} s"
        )
    own = _Timbre.of(np.asarray(speech[: int(_LEARNT_S * rate)], np.float64), rate)
    if own is None:
        _log.warning("The text gives less than %g s of voiced speech; only the loudness is matched.", _ENOUGH_VOICED_S)
        return change
    band_limit = 0.45 * min(rate, profile_rate)
    pitch_ratio = float(np.clip(target.pitch / own.pitch, 0.3, 3.0))
    formant_ratio = _formant_ratio(own.envelope, target.envelope, rate, band_limit, expected=pitch_ratio**0.27)
    return replace(
        change,
        pitch_ratio=pitch_ratio,
        pitch_center=own.pitch,
        range_ratio=float(np.clip(target.spread / max(own.spread, 1e-3), 0.5, 1.6)),
        formant_ratio=formant_ratio,
        tilt=_tilt(_stretch(own.envelope, formant_ratio, rate), target.envelope, rate, band_limit),
    )


def apply_change(speech: NDArray[np.float32], rate: int, change: VoiceChange) -> NDArray[np.float32]:
    """The changed speech, float32 [S], as long as before, peaks at most 0.99; memory is bounded for long speech."""
    changed = np.array(speech, np.float64)
    if change.changes_sound and np.any(speech):
        for start, stop in _blocks(speech, rate):
            changed[start:stop] = _resynthesize(np.asarray(speech[start:stop], np.float64), rate, change)
    level = active_rms(changed, rate)
    if change.loudness and level > 1e-6:
        changed *= change.loudness / level
    peak = np.abs(changed).max(initial=0.0)
    changed *= min(1.0, 0.99 / max(peak, 1e-9))
    return changed.astype(np.float32)


def active_rms(waveform: NDArray[np.floating], rate: int) -> float:
    """Root mean square over the 20 ms frames within 30 dB of the loud ones (their 95th percentile)."""
    size = max(1, rate // 50)
    frames = np.asarray(waveform[: len(waveform) // size * size], np.float64).reshape(-1, size)
    if not len(frames):
        return 0.0
    power = np.square(frames).mean(axis=1)
    return float(np.sqrt(power[power >= 1e-3 * np.percentile(power, 95)].mean()))


@dataclass(frozen=True, eq=False)
class _Timbre:
    """Median F0 in Hz, spread of log F0 (interquartile, as a standard deviation), mean log envelope [bins]."""

    pitch: float
    spread: float
    envelope: Float

    @staticmethod
    def of(waveform: Float, rate: int) -> _Timbre | None:
        """None where less than 0.3 s are voiced."""
        waveform = np.ascontiguousarray(waveform)
        f0, times = _pitch(waveform, rate)
        known = f0[f0 > 0]
        if len(known) * _FRAME_S < _ENOUGH_VOICED_S or np.std(np.log(known)) > 0.5:  # noise: the slow, sturdy way
            f0, times = pyworld.harvest(waveform, rate, frame_period=_FRAME_S * 1000)
        envelope = pyworld.cheaptrick(waveform, f0, times, rate)
        power = envelope.mean(axis=1)
        voiced = f0 > 0
        if voiced.any():  # not the hum between the words
            voiced &= power > 1e-3 * np.percentile(power[voiced], 95)
        if voiced.sum() * _FRAME_S < _ENOUGH_VOICED_S:
            return None
        low, middle, high = np.percentile(np.log(f0[voiced]), [25, 50, 75])
        return _Timbre(float(np.exp(middle)), float((high - low) / 1.349), np.log(envelope[voiced]).mean(axis=0))


def _pitch(waveform: Float, rate: int) -> tuple[Float, Float]:
    f0, times = pyworld.dio(waveform, rate, f0_floor=60.0, f0_ceil=600.0, frame_period=_FRAME_S * 1000)
    return pyworld.stonemask(waveform, f0, times, rate), times


def _band_frequencies(rate: int) -> Float:
    """64 frequencies in Hz, evenly spaced in mel from 80 Hz to 0.45 times the sample rate."""
    low, high = (2595 * math.log10(1 + frequency / 700) for frequency in (80.0, 0.45 * rate))
    mel = np.linspace(low, high, _BANDS)
    return 700 * (10 ** (mel / 2595) - 1)


def _stretch(envelope: Float, ratio: float, rate: int) -> Float:
    """Log envelopes [..., bins] with the frequency axis multiplied by `ratio`; the last value continues."""
    bins = envelope.shape[-1]
    position = np.minimum(np.arange(bins) / ratio, bins - 1)
    low = np.minimum(position.astype(int), bins - 2)
    part = position - low
    return cast(Float, envelope[..., low] * (1 - part) + envelope[..., low + 1] * part)


def _formant_ratio(own: Float, target: Float, rate: int, band_limit: float, expected: float) -> float:
    """The stretch under which two long-term log envelopes agree best, 0.82 to 1.22.

    They are compared on a mel grid from 250 Hz to 5 kHz, where the formants lie, after removing level and slope.
    A pull towards `expected` keeps different texts of one voice from being taken for different throats; the caller
    expects the pitch ratio to the power 0.27, as between the men and women of Hillenbrand et al. (1995).
    """
    grid = _band_frequencies(rate)
    grid = grid[(grid > 250) & (grid < min(5000.0, band_limit))]
    axis = np.linspace(0, rate / 2, len(own))
    slope = np.vander(np.arange(len(grid), dtype=np.float64), 3)

    def shape(envelope: Float) -> Float:
        bands = np.interp(grid, axis, envelope)
        bands -= slope @ np.linalg.lstsq(slope, bands, rcond=None)[0]
        return bands / max(float(np.linalg.norm(bands)), 1e-9)

    wanted = shape(target)
    ratios = np.exp(np.linspace(np.log(0.82), np.log(1.22), 81))
    fit = [float(shape(_stretch(own, r, rate)) @ wanted) - 6.0 * np.log(r / expected) ** 2 for r in ratios]
    return float(ratios[int(np.argmax(fit))])


def _tilt(own: Float, target: Float, rate: int, band_limit: float) -> Float:
    """The slow part of the envelopes' difference, [64] on `_band_frequencies`, within 9 dB, without level."""
    grid = _band_frequencies(rate)
    axis = np.linspace(0, rate / 2, len(own))
    bands = np.interp(np.minimum(grid, band_limit), axis, target - own)
    smooth = np.polynomial.polynomial.Polynomial.fit(np.arange(_BANDS), bands - bands.mean(), 4)
    return cast(Float, np.clip(smooth(np.arange(_BANDS)), -2.07, 2.07))


def _resynthesize(waveform: Float, rate: int, change: VoiceChange) -> Float:
    waveform = np.ascontiguousarray(waveform)
    f0, times = _pitch(waveform, rate)
    envelope = pyworld.cheaptrick(waveform, f0, times, rate)
    aperiodicity = pyworld.d4c(waveform, f0, times, rate)
    voiced = f0 > 0
    if change.pitch_center:
        f0[voiced] = change.pitch_center * (f0[voiced] / change.pitch_center) ** change.range_ratio
    f0[voiced] = np.clip(f0[voiced] * change.pitch_ratio, 50.0, 700.0)
    log_envelope = _stretch(np.log(envelope), change.formant_ratio, rate)
    if change.tilt is not None:
        log_envelope += np.interp(np.linspace(0, rate / 2, envelope.shape[1]), _band_frequencies(rate), change.tilt)
    new = pyworld.synthesize(f0, np.ascontiguousarray(np.exp(log_envelope)), aperiodicity, rate, _FRAME_S * 1000)
    return cast(Float, np.pad(new, (0, max(0, len(waveform) - len(new))))[: len(waveform)])


def _blocks(speech: NDArray[np.floating], rate: int) -> Iterator[tuple[int, int]]:
    """Sample ranges of at most 20 s that cover the speech, cut where it is quietest in a block's second half."""
    size, frame = int(_BLOCK_S * rate), max(1, rate // 50)
    start = 0
    while len(speech) - start > size:
        half = np.asarray(speech[start + size // 2 : start + size], np.float64)
        power = np.square(half[: len(half) // frame * frame]).reshape(-1, frame).mean(axis=1)
        stop = start + size // 2 + int(np.argmin(power)) * frame + frame // 2
        yield start, stop
        start = stop
    if start < len(speech):
        yield start, len(speech)
