"""Speakers: voices and faces that differ, lips that follow the sound."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest
import pyworld
from numpy.typing import NDArray

from baselines.speech import NeuralSpeech
from baselines.visemes import DRAWN_SHAPES
from bench.synthetic.corpus import Script, write_script
from bench.synthetic.flavours import FLAVOURS, FPS
from bench.synthetic.speech import sentences

SEED = 7
CLIPS = 6


@cache
def script(flavour: str, index: int) -> Script:
    return write_script(flavour, index, SEED)


def envelope(one: Script) -> NDArray[np.float64]:
    """Root mean square of the sound of every frame."""
    step = one.spoken.sample_rate // FPS
    blocks = one.spoken.waveform[: one.spoken.frames * step].astype(np.float64).reshape(-1, step)
    return np.sqrt(np.square(blocks).mean(axis=1))


def correlation_at_lags(sound: NDArray[np.float64], lips: NDArray[np.float32], reach: int = 6) -> dict[int, float]:
    """Correlation with the lips moved by -reach..reach frames."""
    inner = slice(reach, -reach)
    return {lag: float(np.corrcoef(sound[inner], np.roll(lips, -lag)[inner])[0, 1]) for lag in range(-reach, reach + 1)}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_mouth_opens_with_the_sound(flavour: str) -> None:
    for index in range(CLIPS):
        one = script(flavour, index)
        lags = correlation_at_lags(envelope(one), one.performance.opening)
        assert lags[0] > 0.5, one.key
        assert abs(max(lags, key=lags.__getitem__)) <= 1, one.key


def test_a_shuffled_or_foreign_mouth_does_not_follow_the_sound() -> None:
    rng = np.random.default_rng(0)
    shuffled, foreign = [], []
    for index in range(CLIPS):
        one, other = script("voxceleb", index), script("voxceleb", (index + 1) % CLIPS)
        length = min(len(one.performance), len(other.performance))
        shuffled.append(correlation_at_lags(envelope(one), rng.permutation(one.performance.opening))[0])
        foreign.append(correlation_at_lags(envelope(one)[:length], other.performance.opening[:length])[0])
    assert max(shuffled) < 0.4
    assert np.mean(foreign) < 0.4


def test_lips_close_in_silence_and_for_p_b_m() -> None:
    one = script("hdtf", 0)
    opening = one.performance.opening
    assert opening[0] < 0.02
    assert opening[-1] < 0.02
    assert opening.max() > 0.4
    for phone in one.spoken.phones:
        if phone.symbol in "pbm" and phone.end - phone.start >= 2 / FPS:
            assert opening[int((phone.start + phone.end) / 2 * FPS)] < 0.1, phone


def test_every_phone_of_the_sentences_has_a_mouth_shape() -> None:
    voice = NeuralSpeech()
    symbols = {phone.symbol for text in sentences()[::8] for phone in voice.utter(text, seed=0).phones}
    assert symbols - set(DRAWN_SHAPES) <= set(" .,?!ˈˌː")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_motion_is_smooth_small_and_starts_with_open_eyes(flavour: str) -> None:
    one = script(flavour, 1).performance
    assert one.lids[0] > 0.9
    assert one.lids.min() < 0.2, "somebody who never blinks"
    assert np.abs(one.yaw).max() < 0.3
    assert np.abs(np.diff(one.yaw)).max() < 0.03
    assert np.abs(np.diff(one.pitch)).max() < 0.03
    assert all(np.isfinite(getattr(one, field.name)).all() for field in fields(one))


def test_every_speaker_has_the_pitch_of_the_identity() -> None:
    """Within what sentences of one voice differ by."""
    for index in range(CLIPS):
        one = script("voxceleb", index)
        sound, rate = one.spoken.waveform.astype(np.float64), one.spoken.sample_rate
        pitch, times = pyworld.dio(sound, rate, f0_floor=60, f0_ceil=500)
        pitch = pyworld.stonemask(sound, pitch, times, rate)
        assert np.median(pitch[pitch > 0]) == pytest.approx(one.identity.pitch, rel=0.2)


def test_women_men_and_children_speak_at_different_pitches() -> None:
    pitch = {script("voxceleb", index).identity.kind: script("voxceleb", index).identity.pitch for index in (0, 2, 4)}
    assert pitch["man"] < 140 < 170 < pitch["woman"] < 240 < pitch["child"]


def test_speakers_of_the_flavours_are_not_the_same_people() -> None:
    people = [script(flavour, index).identity for flavour in FLAVOURS for index in (0, 2, 4)]
    assert len({person.seed for person in people}) == len(people)
    assert len({(person.pitch, person.formants) for person in people}) == len(people)
