"""Motion from speech: closures shut the mouth, vowels open it, the head moves smoothly, the seed decides."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from baselines.animation import Motion, animate
from baselines.speech import NeuralSpeech, Phone, Utterance

RATE = NeuralSpeech.sample_rate
FPS = 25.0


@pytest.fixture(scope="module")
def utterance() -> Utterance:
    text = "Pepper and paper. My baby papa may be up, but mama bought a big amber lamp, and a wide blue coat."
    return NeuralSpeech().utter(text, 0)


@pytest.fixture(scope="module")
def motion(utterance: Utterance) -> Motion:
    return animate(utterance.waveform, RATE, utterance.phones, FPS, seed=1)


def tracks(motion: Motion) -> dict[str, NDArray[np.float64]]:
    values = {field.name: getattr(motion, field.name) for field in fields(motion) if field.name != "mouth"}
    return values | {field.name: getattr(motion.mouth, field.name) for field in fields(motion.mouth)}


def at(track: NDArray[np.float64], phones: list[Phone]) -> NDArray[np.float64]:
    """The track at the middle of each phone."""
    times = (np.arange(len(track)) + 0.5) / FPS
    return np.interp([(phone.start + phone.end) / 2 for phone in phones], times, track)


def test_frames_last_as_long_as_the_speech(utterance: Utterance, motion: Motion) -> None:
    assert 0 <= len(motion) / FPS - len(utterance.waveform) / RATE < 1 / FPS
    assert {len(track) for track in tracks(motion).values()} == {len(motion)}


def test_lips_meet_for_p_b_and_m_and_part_for_vowels(utterance: Utterance, motion: Motion) -> None:
    closures = [phone for phone in utterance.phones if phone.symbol in "pbm"]
    vowels = [phone for phone in utterance.phones if phone.symbol in "ɑæʌIO" and phone.end - phone.start >= 0.05]
    assert len(closures) > 15
    assert len(vowels) >= 5
    shut, parted = at(motion.mouth.opening, closures), at(motion.mouth.opening, vowels)
    assert np.median(shut) < 0.1
    assert np.median(parted) > 3 * np.median(shut)
    assert np.median(at(motion.mouth.press, closures)) > 0.5


def test_rounded_vowels_purse_and_spread_vowels_spread(utterance: Utterance, motion: Motion) -> None:
    def width(symbols: str) -> float:
        return float(
            np.median(at(motion.mouth.width, [phone for phone in utterance.phones if phone.symbol in symbols]))
        )

    assert width("uOw") < -0.2 < 0.0 < width("iæA")


def test_pauses_rest(motion: Motion) -> None:
    assert motion.mouth.activity[0] < 0.1
    assert motion.mouth.opening[0] < 0.05
    assert motion.mouth.activity[len(motion) // 2] > 0.8


def test_heads_move_smoothly_and_within_bounds(motion: Motion) -> None:
    for name, limit in {"yaw": 6.5, "pitch": 9.0, "roll": 4.0}.items():
        track = tracks(motion)[name]
        assert np.abs(track).max() < limit
        assert np.abs(np.diff(track)).max() < 1.5  # degrees a frame
        assert np.std(track) > 0.2
    for name in ("blink", "brow", "opening", "press", "tuck", "activity"):
        assert tracks(motion)[name].min() >= 0
        assert tracks(motion)[name].max() <= 1 + 1e-9


def test_eyes_blink_a_natural_number_of_times() -> None:
    silence = np.zeros(60 * RATE, np.float32)
    blink = animate(silence, RATE, (Phone(" ", 0.0, 60.0),), FPS, seed=4).blink
    blinks = sum(before < 0.5 <= after for before, after in pairwise(blink))
    assert 12 <= blinks <= 40
    assert blink.max() > 0.95


def test_the_seed_decides(utterance: Utterance, motion: Motion) -> None:
    same = animate(utterance.waveform, RATE, utterance.phones, FPS, seed=1)
    other = animate(utterance.waveform, RATE, utterance.phones, FPS, seed=2)
    assert all((tracks(same)[name] == track).all() for name, track in tracks(motion).items())
    assert not np.allclose(other.yaw, motion.yaw)
    assert (other.mouth.opening == motion.mouth.opening).all()  # chance moves the head, not the words


@pytest.mark.parametrize("samples", [1, 100, 2000])
def test_very_short_speech(samples: int) -> None:
    motion = animate(np.full(samples, 0.1, np.float32), RATE, (Phone("ɑ", 0.0, samples / RATE),), FPS, seed=0)
    assert all(np.isfinite(track).all() for track in tracks(motion).values())
    assert len(motion) >= 1
