"""Pace: nuclei against Praat, and speech that is known to be faster or slower."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from support.damages import _stretched
from support.reference_goldens import Goldens

from bench.media.audio import native_waveform
from metrics.audio.pace import HOP_S, RATE, PaceConfig, _speaking, intensity, syllables
from metrics.audio.waveform import Waveform, resampled
from metrics.base.asked import Asked
from metrics.base.metric import Unmeasurable
from metrics.builtin import make

GOLDENS = Goldens("praat").records
TOLERANCE_S = 0.025


def speech(shared: Path, name: str) -> Waveform:
    native, rate = native_waveform(shared / "media" / "speech" / name, 30.0)
    return resampled(native, rate, RATE)


def hummed(per_second: float, seconds: float = 4.0, hertz: float = 120.0) -> Waveform:
    """A vowel that swells so often."""
    time = np.arange(round(seconds * RATE)) / RATE
    vowel = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 9))
    swelling = 0.05 + np.sin(np.pi * per_second * time) ** 2
    return np.asarray(0.1 * vowel * swelling, np.float32)


def rate(waveform: Waveform) -> float:
    nuclei, seconds = syllables(waveform, RATE, PaceConfig())
    return len(nuclei) / seconds


def near(times: np.ndarray, wanted: list[float]) -> float:
    """Which share of the wanted times is found."""
    return float(np.mean([np.abs(times - time).min() < TOLERANCE_S for time in wanted]))


@pytest.mark.shared
def test_nuclei_are_praats(shared: Path) -> None:
    found, peaks, counts, lasting = [], [], [], []
    for name, golden in GOLDENS.items():
        nuclei, seconds = syllables(speech(shared, name), RATE, PaceConfig())
        found.append(near(nuclei, golden["nuclei"]))
        # what we count beyond the script's is its peaks with a dip, or the last peak
        peaks.append(near(np.array([*golden["dips"], nuclei[-1]]), nuclei.tolist()))
        counts.append([len(nuclei), len(golden["nuclei"]) + 1])
        lasting.append(seconds / golden["seconds"])
    ours, theirs = np.sum(counts, axis=0)
    assert min(found) > 0.85
    assert np.mean(found) > 0.95
    assert np.mean(peaks) > 0.95
    assert ours == pytest.approx(theirs, rel=0.05)
    assert lasting == pytest.approx([1.0] * len(lasting), abs=0.13)
    shallow = [
        near(syllables(speech(shared, name), RATE, PaceConfig(dip=12.0))[0], GOLDENS[name]["nuclei"])
        for name in GOLDENS
    ]
    assert np.mean(shallow) < 0.7


@pytest.mark.shared
@pytest.mark.parametrize("how", [_stretched, lambda clean, factor: soxr.resample(clean, RATE / factor, RATE)])
def test_stretched_speech_is_slower(shared: Path, how: Callable[[Waveform, float], Waveform]) -> None:
    """By half of the factor and more, whether the pitch stays or goes down with it."""
    clean = [speech(shared, name) for name in GOLDENS]
    paces = [np.log([rate(how(each, factor)) for each in clean]).mean() for factor in (0.7, 1.0, 1.4)]
    assert paces[0] > paces[1] > paces[2]
    assert 0.4 < (paces[0] - paces[2]) / np.log(1.4 / 0.7) <= 1


@pytest.mark.parametrize("per_second", [2.0, 3.5, 5.0, 6.5])
def test_swells_are_counted(per_second: float) -> None:
    nuclei, seconds = syllables(hummed(per_second), RATE, PaceConfig())
    assert len(nuclei) == pytest.approx(4 * per_second, abs=1)
    assert seconds == pytest.approx(4, abs=0.1)


def test_pauses_are_no_speech_and_noise_has_no_nuclei() -> None:
    quiet = np.zeros(RATE, np.float32)
    assert rate(np.concatenate([quiet, hummed(4), quiet, hummed(4), quiet])) == pytest.approx(4, rel=0.1)
    noise = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32) * hummed(4).std()
    swelling = noise * np.sin(np.pi * 4 * np.arange(len(noise)) / RATE).astype(np.float32) ** 2
    assert len(syllables(swelling, RATE, PaceConfig())[0]) < 5
    observer = make("pace").observe()
    observer.waveform(swelling[: RATE // 2 + 1], RATE)
    with pytest.raises(Unmeasurable, match="syllables are heard, a pace needs 3"):
        observer.finish()()


def test_the_profile_goes_before_the_reference() -> None:
    metric = make("pace")

    def heard(per_second: float) -> dict[str, np.ndarray]:
        observer = metric.observe()
        observer.waveform(hummed(per_second), RATE)
        return dict(observer.finish()())

    profile = metric.asked(Asked(voice=hummed(3.0), voice_rate=RATE))
    generated = heard(5.0)
    assert metric.compare(heard(5.0), generated)["value"] == 0
    assert metric.compare({**heard(5.0), **profile}, generated)["value"] == pytest.approx(2, abs=0.5)


@settings(max_examples=30, deadline=None)
@given(gain=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_loudness_plays_no_part(gain: float, seed: int) -> None:
    signal = np.random.default_rng(seed).normal(size=4000) * np.hanning(4000)
    assert intensity(signal * gain) == pytest.approx(intensity(signal) + 20 * np.log10(gain), abs=1e-6)


def test_gaps_shorter_than_a_pause_are_speech() -> None:
    def flags(*runs: tuple[int, float]) -> np.ndarray:
        return np.concatenate([np.full(round(seconds / HOP_S), bool(loud)) for loud, seconds in runs])

    gap, pause, blip = (1, 0.5), (0, 0.4), (1, 0.05)
    assert _speaking(flags(gap, (0, 0.2), gap), 0.3).all()
    assert (_speaking(flags(gap, pause, gap), 0.3) == flags(gap, pause, gap)).all()
    assert not _speaking(flags(pause, blip, pause), 0.3).any()
    assert not _speaking(flags((0, 0.1)), 0.3).any()
