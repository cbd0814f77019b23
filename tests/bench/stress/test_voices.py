"""Each damage to a voice profile is what its strength says, in its physical unit; seeded, and refused where it must."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.stress import voices
from bench.stress.catalogue import DAMAGES
from bench.stress.damaging import damaged
from narrator.contract import GenerationFailed, Prompt, Voice

RATE = 16_000


def speech(seed: int = 0, seconds: float = 2.0, rate: int = RATE, level: float = 0.1) -> Voice:
    """Syllables of a buzzing pitch with pauses, some breath beside it, of a given root mean square."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * (1 + seed / 7) * k * time) / k for k in range(1, 30))
    wave = np.clip(np.sin(2 * np.pi * 3 * time), 0, 1) * (buzz + 0.2 * random.standard_normal(len(time)))
    return Voice((wave * level / np.sqrt(np.mean(wave**2))).astype(np.float32), rate)


def decibels(signal: NDArray[np.floating], noise: NDArray[np.floating]) -> float:
    return 10 * float(np.log10(np.mean(np.square(signal, dtype=float)) / np.mean(np.square(noise, dtype=float))))


def added(clean: Voice, mixture: Voice) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The speech in a mixture and what was added to it, by the gain that fits the noise-free part least squares.

    The mixture may have been turned down as a whole: noise is nearly orthogonal to speech, so the fit finds the gain.
    """
    x, y = clean.waveform.astype(float), mixture.waveform.astype(float)
    gain = float(x @ y / (x @ x))
    return gain * x, y - gain * x


@settings(max_examples=15, deadline=None)
@given(st.floats(-5, 20), st.integers(0, 2**63 - 1), st.floats(0.003, 0.3))
def test_noise_has_the_ratio_asked_for(ratio: float, seed: int, level: float) -> None:
    clean = speech(level=level)
    mixture = voices.noisy(clean, ratio, seed)
    gain = 1.0
    noise = mixture.waveform.astype(float) - clean.waveform
    if np.abs(mixture.waveform).max() > 0.999:  # turned down as a whole: the seed tells the noise
        white = np.random.default_rng(seed).standard_normal(len(clean.waveform))
        basis = np.stack([clean.waveform.astype(float), white], axis=1)
        gain, loud = np.linalg.lstsq(basis, mixture.waveform.astype(float), rcond=None)[0]
        noise = white * loud
    assert decibels(clean.waveform * gain, noise) == pytest.approx(ratio, abs=0.1)
    assert np.abs(mixture.waveform).max() <= 1.0


def test_a_ratio_of_amplitudes_instead_of_powers_is_found() -> None:
    """The known-wrong variant: 10 ** (-ratio / 10) on amplitudes is off by as much again."""
    clean = speech()
    white = np.random.default_rng(3).standard_normal(len(clean.waveform))
    level = np.sqrt(np.mean(clean.waveform**2) / np.mean(white**2))
    wrong = white * level * 10 ** (-10 / 10)
    assert decibels(clean.waveform, wrong) == pytest.approx(20, abs=0.1)
    right = voices.noisy(clean, 10, 3).waveform - clean.waveform
    assert decibels(clean.waveform, right) == pytest.approx(10, abs=0.1)


def test_babble_is_of_other_speakers_at_the_ratio_asked_for() -> None:
    clean, others = speech(), [speech(seed, 1.3, 22_050, 0.02 * seed) for seed in range(1, 7)]
    mixture = voices.babbling(clean, 5, 11, lambda: others)
    said, babble = added(clean, mixture)
    assert decibels(said, babble) == pytest.approx(5, abs=1.0)  # speech is not wholly orthogonal to speech
    again = voices.babbling(clean, 5, 11, lambda: others)
    assert np.array_equal(mixture.waveform, again.waveform)
    with pytest.raises(GenerationFailed, match="no voice profile of another speaker"):
        voices.babbling(clean, 5, 11, lambda: [Voice(np.zeros(RATE, np.float32), RATE)])


@pytest.mark.parametrize("rt60", [0.3, 1.0])
def test_a_room_decays_in_the_time_asked_for(rt60: float) -> None:
    """By Schroeder's backward integration, the slope from -5 to -35 dB (ISO 3382's T30)."""
    response = voices.impulse_response(rt60, RATE, 5)
    assert np.sum(response**2) == pytest.approx(2, rel=1e-6)
    tail = np.cumsum(np.square(response[1:])[::-1])[::-1]
    curve = 10 * np.log10(tail / tail[0])
    first, last = np.argmax(curve < -5), np.argmax(curve < -35)
    slope = np.polyfit(np.arange(first, last) / RATE, curve[first:last], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.05)
    clean = speech()
    wet = voices.reverberant(clean, rt60, 5)
    assert decibels(wet.waveform, clean.waveform) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("headroom", [6.0, -6.0])
def test_clipping_ends_at_the_level_asked_for(headroom: float) -> None:
    clean = speech()
    cut = voices.clipped(clean.waveform, headroom)
    level = np.sqrt(np.mean(clean.waveform**2))
    assert 20 * np.log10(np.abs(cut).max() / level) == pytest.approx(headroom, abs=0.01)
    quiet = np.abs(clean.waveform) < np.abs(cut).max()
    assert np.array_equal(cut[quiet], clean.waveform[quiet])


@pytest.mark.parametrize("cutoff", [3400.0, 1000.0])
def test_a_band_ends_at_its_cutoff_and_nothing_is_delayed(cutoff: float) -> None:
    noise = Voice(np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32) * np.float32(0.1), RATE)
    limited = voices.band_limited(noise, cutoff)
    power = [np.abs(np.fft.rfft(v.waveform)) ** 2 for v in (noise, limited)]
    hertz = np.fft.rfftfreq(4 * RATE, 1 / RATE)

    def gain(low: float, high: float) -> float:
        band = (hertz >= low) & (hertz < high)
        return 10 * float(np.log10(power[1][band].sum() / power[0][band].sum()))

    assert gain(100, 0.7 * cutoff) == pytest.approx(0, abs=0.2)
    assert gain(0.98 * cutoff, 1.02 * cutoff) == pytest.approx(-6, abs=0.7)
    assert gain(1.6 * cutoff, 8000) < -55
    lag = np.argmax(np.correlate(limited.waveform[:4000], noise.waveform[:4000], "full")) - 3999
    assert lag == 0
    assert voices.band_limited(noise, 8000) is noise


@pytest.mark.parametrize(("codec", "kilobits"), [("mp3", 32), ("mp3", 8), ("opus", 24), ("opus", 6)])
def test_codecs_keep_length_and_time(codec: str, kilobits: float) -> None:
    clean = speech()
    coded = voices.coded(clean, kilobits, codec)  # type: ignore[arg-type]
    assert coded.waveform.shape == clean.waveform.shape
    assert coded.waveform.dtype == np.float32
    across = np.fft.irfft(np.fft.rfft(coded.waveform, 1 << 16) * np.conj(np.fft.rfft(clean.waveform, 1 << 16)))
    lag = int(np.argmax(across))
    assert min(lag, (1 << 16) - lag) <= 16  # a millisecond
    assert np.array_equal(coded.waveform, voices.coded(clean, kilobits, codec).waveform)  # type: ignore[arg-type]


def test_fewer_bits_are_worse() -> None:
    clean = speech()
    for codec, rates in (("mp3", (64, 8)), ("opus", (24, 6))):
        errors = [voices.coded(clean, rate, codec).waveform - clean.waveform for rate in rates]  # type: ignore[arg-type]
        assert decibels(errors[1], errors[0]) > 3


@pytest.mark.parametrize("gain", [-20.0, -60.0])
def test_a_feeble_profile_is_softer_and_of_16_bits(gain: float) -> None:
    clean = speech()
    soft = voices.feeble(clean, gain)
    assert decibels(soft.waveform, clean.waveform) == pytest.approx(gain, abs=0.1)
    assert np.array_equal(soft.waveform * 32768, np.rint(soft.waveform * 32768))


def prompt(voice: Voice, seed: int = 9) -> Prompt:
    picture = np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8)
    return Prompt("a", "one two three four", picture, voice, seed)


@pytest.mark.parametrize("name", [name for name, damage in DAMAGES.items() if damage.part == "voice"])
def test_voices_are_damaged_alone_and_alike(name: str) -> None:
    """Image, text and the generator's seed stay; equal prompts give equal bytes, other seeds other noise."""
    given_, others = prompt(speech()), lambda: [speech(4), speech(5)]
    strength = next(iter(DAMAGES[name].strengths), None)
    first, second = (damaged(given_, name, strength, others) for _ in range(2))
    assert first.voice.waveform.tobytes() == second.voice.waveform.tobytes()
    assert first.voice.waveform.dtype == np.float32
    assert first.voice.waveform.shape == given_.voice.waveform.shape
    assert not np.array_equal(first.voice.waveform, given_.voice.waveform)
    assert (first.image is given_.image, first.text, first.seed) == (True, given_.text, given_.seed)
    if name in ("voice-noise", "voice-reverb", "voice-babble"):
        other = damaged(prompt(speech(), seed=10), name, strength, others)
        assert not np.array_equal(first.voice.waveform, other.voice.waveform)


@pytest.mark.parametrize(
    ("name", "build"),
    [("voice-noise", lambda: speech(1)), ("voice-babble", lambda: speech(1))],
)
def test_silence_has_no_ratio(name: str, build: Callable[[], Voice]) -> None:
    silent = prompt(Voice(np.zeros(RATE, np.float32), RATE))
    with pytest.raises(GenerationFailed, match="5 dB below a silent voice profile"):
        damaged(silent, name, 5.0, lambda: [build()])


@pytest.mark.parametrize("name", [name for name, damage in DAMAGES.items() if damage.part == "voice"])
def test_an_empty_profile_is_refused(name: str) -> None:
    empty = prompt(Voice(np.zeros(0, np.float32), RATE))
    with pytest.raises(GenerationFailed, match="empty"):
        damaged(empty, name, next(iter(DAMAGES[name].strengths), None), lambda: [speech(1)])
