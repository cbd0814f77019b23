"""DNSMOS and PLCMOS against Microsoft's package; voices by what they must tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.reference_goldens import Goldens

from bench.media.audio import native_waveform
from metrics.audio.voice import NO_VOICE, PitchDistance, SpeakerSimilarity
from metrics.audio.waveform import resampled
from metrics.base.asked import Asked
from metrics.base.metric import PairedMetric, Statistics, Unmeasurable
from metrics.builtin import make

RATE = 16000
GOLDENS = Goldens("beyond")
SPEECH = [name for name, record in GOLDENS.records.items() if "dnsmos" in record]
TOLERANCE = 1e-4
"""Two decoders stand before the networks."""


def heard(metric: PairedMetric, waveform: Any, rate: int = RATE) -> Statistics:
    observer = metric.observe()
    observer.waveform(np.asarray(waveform, np.float32), rate)
    return observer.finish()()


def hum(hertz: float, seconds: float = 1.0) -> Any:
    time = np.arange(round(RATE * seconds)) / RATE
    return 0.1 * sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 8))


@pytest.mark.weights
@pytest.mark.parametrize("name", SPEECH)
def test_opinions_equal_the_packages(shared: Path, name: str) -> None:
    native, rate = native_waveform(shared / "media" / "speech" / f"{name}.wav", 30.0)
    speech = resampled(native, rate, RATE).clip(-1, 1)
    kept, wanted = heard(make("dnsmos"), speech), GOLDENS.records[name]
    for convention in ("dnsmos", "dnsmos-sig", "dnsmos-bak"):
        assert make(convention).compare({}, kept)["value"] == pytest.approx(wanted[convention], abs=TOLERANCE)
    metric = make("plcmos")
    assert metric.compare({}, heard(metric, speech))["value"] == pytest.approx(
        GOLDENS.records[name]["plcmos"], abs=TOLERANCE
    )
    other = make("plcmos", seed=1)
    assert abs(other.compare({}, heard(other, speech))["value"] - GOLDENS.records[name]["plcmos"]) > TOLERANCE


@pytest.mark.weights
def test_silence_has_no_opinion() -> None:
    with pytest.raises(Unmeasurable, match="the audio is silent"):
        heard(make("dnsmos"), np.zeros(RATE))


@pytest.mark.parametrize(("hertz", "semitones"), [(220.0, 12.0), (110.0, 0.0), (110 * 2 ** (5 / 12), 5.0)])
def test_pitch_is_in_semitones(hertz: float, semitones: float) -> None:
    metric = PitchDistance()
    value = metric.compare(heard(metric, hum(110.0)), heard(metric, hum(hertz)))["value"]
    assert value == pytest.approx(semitones, abs=0.1)


def test_noise_has_no_pitch_and_the_profile_goes_before_the_reference() -> None:
    metric = PitchDistance()
    with pytest.raises(Unmeasurable, match=r"less than 0\.1 s of the audio have a pitch"):
        heard(metric, np.random.default_rng(0).normal(0, 0.1, RATE))
    wanted = metric.asked(Asked(voice=np.asarray(hum(220.0), np.float32), voice_rate=RATE))
    found = heard(metric, hum(220.0))
    assert metric.compare({**heard(metric, hum(110.0)), **wanted}, found)["value"] == pytest.approx(0, abs=1e-6)
    with pytest.raises(Unmeasurable, match=NO_VOICE):
        metric.compare({}, found)
    with pytest.raises(Unmeasurable, match="it is cut short"):
        metric.asked(Asked(reasons={"voice": "it is cut short"}))


@pytest.mark.weights
def test_a_speaker_is_more_like_herself(shared: Path) -> None:
    metric = SpeakerSimilarity()
    hers, again, his = (
        heard(metric, *native_waveform(shared / "media" / "speech" / name, 5.0))
        for name in ("LJ001-0001.wav", "LJ001-0004.wav", "arctic_a0009.wav")
    )
    same, other = (float(metric.compare(hers, each)["value"]) for each in (again, his))
    assert same > 0.75 > other
    assert metric.compare(hers, hers)["value"] == pytest.approx(1.0)


def test_prompts_can_be_given_in_a_training_loop() -> None:
    low, high = (torch.from_numpy(np.asarray(hum(hertz), np.float32))[None] for hertz in (110.0, 220.0))
    metric = PitchDistance()
    metric.update(high, low, sample_rate=RATE)
    assert float(metric.compute()) == pytest.approx(12, abs=0.1)
    metric.reset()
    metric.update(high, low, sample_rate=RATE, prompts=[Asked(voice=high[0].numpy(), voice_rate=RATE)])
    assert float(metric.compute()) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="lowest must be below highest"):
        make("pitch", lowest=500, highest=100)
