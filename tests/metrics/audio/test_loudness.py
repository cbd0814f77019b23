"""Loudness is the level that the samples have, silence included; speech is heard where a voice is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics import Statistics, Unmeasurable
from metrics.audio.loudness import AudibleSpeech, Loudness
from metrics.builtin import make

RATE = 16000
TIME = np.arange(RATE * 2) / RATE
SINE = np.sin(2 * np.pi * 150 * TIME).astype(np.float32)
HISS = np.random.default_rng(0).standard_normal(len(TIME)).astype(np.float32) * np.float32(0.1)


def value(metric: Loudness | AudibleSpeech, waveform: NDArray[np.float32]) -> float:
    observer = metric.observe()
    observer.waveform(waveform, RATE)
    generated = observer.finish()()
    reference: Statistics = {}
    return float(metric.compare(reference, generated)["value"])


@given(st.floats(-80, 0))
def test_a_gain_is_a_gain(gain: float) -> None:
    soft = (SINE * 10 ** (gain / 20)).astype(np.float32)
    assert value(Loudness(), soft) == pytest.approx(gain - 3.0103, abs=1e-3)


def test_silence_is_a_level_and_a_clip_without_sound_is_none() -> None:
    assert value(Loudness(), np.zeros(RATE, np.float32)) == -100
    assert value(make("loudness", floor=-60), SINE * np.float32(1e-5)) == -60  # type: ignore[arg-type]
    with pytest.raises(Unmeasurable, match="the clip has no audio"):
        Loudness().observe().finish()()
    with pytest.raises(Unmeasurable, match="NaN"):
        value(Loudness(), np.full(RATE, np.nan, np.float32))


def test_speech_is_a_voice_that_is_heard(voiced: NDArray[np.float32]) -> None:
    metric = AudibleSpeech()
    assert value(metric, voiced) == 1
    assert value(metric, (voiced * 1e-4).astype(np.float32)) == 0  # too soft
    assert value(metric, HISS) == 0  # loud, and no voice
    assert value(metric, np.zeros(RATE, np.float32)) == 0
    assert value(metric, SINE[: RATE // 50]) == 0  # too short
    assert value(metric, np.zeros(3, np.float32)) == 0


def test_the_mean_is_the_share_of_clips() -> None:
    metric = AudibleSpeech()
    pairs = {str(i): {"value": np.array(float(i < 3))} for i in range(4)}
    assert metric.score(pairs).value == 0.75
