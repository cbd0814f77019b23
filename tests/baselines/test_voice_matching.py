"""Voice matching: measured with WORLD's slow pitch tracker and with LPC formants, which the code does not use."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyworld
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from baselines.speech import NeuralSpeech
from baselines.voice import active_rms, learn_voice, match_voice, shift_voice
from narrator.contract import GenerationFailed, Voice

RATE = NeuralSpeech.sample_rate
SENTENCES = (
    "The light bulb goes on and I have seen it over and over again.",
    "The north wind and the sun were disputing which was the stronger.",
    "Hello there, how are you today?",
)


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    return NeuralSpeech().say("The light bulb goes on and I have seen it over and over again.", 0)


@pytest.fixture(scope="module")
def other_words() -> NDArray[np.float32]:
    return NeuralSpeech().say("Sometimes the best thing that you can do is to walk away from trouble.", 0)


def pitch_statistics(waveform: NDArray[np.float32], rate: int) -> tuple[float, float]:
    """Median F0 in Hz and interquartile range of log F0, by Harvest."""
    excerpt = waveform[: 3 * rate].astype(np.float64)
    f0, _ = pyworld.harvest(excerpt, rate, f0_floor=60, f0_ceil=500, frame_period=10.0)
    low, middle, high = np.percentile(np.log(f0[f0 > 0]), [25, 50, 75])
    return float(np.exp(middle)), float(high - low)


def vowel_formant(first: float, last: float, pitch_ratio: float, formant_ratio: float) -> float:
    """Strongest LPC resonance between two frequencies of a shifted synthetic vowel (700, 1200, 2600 Hz)."""
    pulses = np.zeros(RATE)
    pulses[:: RATE // 110] = 1.0
    for formant, width in ((700, 80), (1200, 90), (2600, 150)):
        radius, angle = np.exp(-np.pi * width / RATE), 2 * np.pi * formant / RATE
        pulses = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], pulses)
    vowel = (0.3 * pulses / np.abs(pulses).max()).astype(np.float32)
    shifted = shift_voice(vowel, RATE, pitch_ratio, formant_ratio)[RATE // 4 : -RATE // 4].astype(np.float64)
    shifted = lfilter([1.0, -0.9], [1.0], shifted) * np.hanning(len(shifted))
    correlation = np.correlate(shifted, shifted, "full")[len(shifted) - 1 :][:23]
    predictor = np.concatenate([[1.0], -solve_toeplitz(correlation[:22], correlation[1:])])
    poles = np.roots(predictor)
    poles = poles[(np.angle(poles) * RATE / 2 / np.pi > first) & (np.angle(poles) * RATE / 2 / np.pi < last)]
    return float(np.angle(poles[np.argmax(np.abs(poles))]) * RATE / 2 / np.pi)


@pytest.mark.parametrize(("pitch", "formant"), [(1.0, 1.15), (0.8, 0.88), (1.5, 1.0)])
def test_shift_moves_pitch_and_formants_apart(speech: NDArray[np.float32], pitch: float, formant: float) -> None:
    assert vowel_formant(500, 950, pitch, formant) == pytest.approx(700 * formant, rel=0.06)
    shifted = shift_voice(speech, RATE, pitch, formant)
    assert shifted.shape == speech.shape
    assert pitch_statistics(shifted, RATE)[0] == pytest.approx(pitch * pitch_statistics(speech, RATE)[0], rel=0.06)


@pytest.mark.parametrize("ratio", [0.86, 0.93, 1.0, 1.08, 1.16])
def test_learns_a_known_throat_from_other_words(
    speech: NDArray[np.float32], other_words: NDArray[np.float32], ratio: float
) -> None:
    profile = Voice(shift_voice(other_words, RATE, ratio**2, ratio), RATE)
    change = learn_voice(speech, RATE, profile)
    assert change.formant_ratio == pytest.approx(ratio, abs=0.03)
    assert change.pitch_ratio == pytest.approx(ratio**2, rel=0.08)


@pytest.mark.shared
@pytest.mark.parametrize(
    "clip",
    [
        "real/grid_pwij3p.mpg",
        "speech/LJ001-0001.wav",
        "real/edtalk_uncrop_Obama.mp4",
    ],
)
def test_real_profiles_give_pitch_range_and_loudness(shared: Path, listen: Callable[[Path], Voice], clip: str) -> None:
    """The median over three sentences: Harvest takes single ones an octave off now and then."""
    profile = listen(shared / "media" / clip)
    profile = replace(profile, waveform=profile.waveform[: 3 * profile.sample_rate])
    wanted = pitch_statistics(profile.waveform, profile.sample_rate)
    level = active_rms(profile.waveform, profile.sample_rate)
    pitches, spreads, spreads_before = [], [], []
    for sentence in SENTENCES:
        speech = NeuralSpeech().say(sentence, 0)
        matched = match_voice(speech, RATE, profile)
        before, after = pitch_statistics(speech, RATE), pitch_statistics(matched, RATE)
        pitches.append(after[0])
        spreads_before.append(abs(np.log(before[1] / wanted[1])))
        spreads.append(abs(np.log(after[1] / wanted[1])))
        peak = np.abs(matched).max()
        assert active_rms(matched, RATE) == pytest.approx(level, rel=0.02) or peak == pytest.approx(0.99)
        assert matched.dtype == np.float32
        assert matched.shape == speech.shape
    assert np.median(pitches) == pytest.approx(wanted[0], rel=0.08)
    assert np.median(spreads) < max(np.median(spreads_before), 0.25)


@pytest.mark.shared
def test_men_have_longer_throats_than_the_voice_that_speaks(
    shared: Path, listen: Callable[[Path], Voice], speech: NDArray[np.float32]
) -> None:
    men = [learn_voice(speech, RATE, listen(shared / "media/real" / clip)) for clip in
           ("grid_pwij3p.mpg", "grid_s2_swwp2s.mpg", "vox2_id07414_741400104.mp4", "liveportrait_d20.mp4")]  # fmt: skip
    woman = learn_voice(speech, RATE, listen(shared / "media/speech/LJ001-0001.wav"))
    assert max(man.formant_ratio for man in men) < woman.formant_ratio


def test_matching_is_deterministic_whatever_ran_before(
    speech: NDArray[np.float32], other_words: NDArray[np.float32]
) -> None:
    profile = Voice(other_words, RATE)
    first = match_voice(speech, RATE, profile)
    shift_voice(other_words, RATE, 1.3, 1.1)
    assert first.tobytes() == match_voice(speech, RATE, profile).tobytes()


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(16_000, np.float32), "silent"),
        (np.full(16_000, np.nan, np.float32), "finite"),
        (np.zeros(0, np.float32), "lasts 0.00 s"),
        (np.full(3000, 0.1, np.float32), "lasts 0.19 s"),
        (0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32), "less than 0.3 s of voiced"),
    ],
)
def test_useless_profiles_are_refused_with_their_reason(
    speech: NDArray[np.float32], waveform: NDArray[np.float32], reason: str
) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        match_voice(speech, RATE, Voice(waveform, 16_000))


def test_speech_without_voiced_sounds_gets_the_loudness_alone(caplog: pytest.LogCaptureFixture) -> None:
    hiss = 0.01 * np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    profile = Voice(0.1 * np.sin(2 * np.pi * 120 * np.arange(RATE) / RATE).astype(np.float32), RATE)
    with caplog.at_level(logging.WARNING):
        matched = match_voice(hiss, RATE, profile)
    assert "only the loudness is matched" in caplog.text
    assert np.corrcoef(matched, hiss)[0, 1] > 0.999
    assert active_rms(matched, RATE) == pytest.approx(active_rms(profile.waveform, RATE), rel=0.02)


def test_speech_shorter_than_a_frame_survives() -> None:
    for length in (0, 1, 100):
        short = np.full(length, 0.2, np.float32)
        assert shift_voice(short, RATE, 1.2, 1.1).shape == short.shape


def test_long_speech_is_cut_only_where_it_is_quiet(speech: NDArray[np.float32]) -> None:
    """Long speech in blocks sounds like its pieces: the same length and the same loudness along the way."""
    long_speech = np.tile(speech, 40 * RATE // len(speech) + 1)
    shifted = shift_voice(long_speech, RATE, 1.0, 1.0001)
    envelope = [
        np.square(wave[: len(long_speech) // 480 * 480].reshape(-1, 480)).mean(axis=1)
        for wave in (long_speech, shifted)
    ]
    assert np.corrcoef(*envelope)[0, 1] > 0.97
    jumps = np.abs(np.diff(shifted))
    assert jumps.max() < 2 * np.abs(np.diff(long_speech)).max()


def test_absurd_ratios_are_refused(speech: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match=r"pitch_ratio must be 0.25..4"):
        shift_voice(speech, RATE, 9.0, 1.0)
