"""Every audio metric grows worse with each step of the damage that it exists to notice, on real speech."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import soxr

from metrics.audio.fad import FrechetAudioDistance
from metrics.audio.functional import mel_cepstral_distortion, short_time_objective_intelligibility

RATE = 16000
FILES = ("LJ001-0001.wav", "LJ001-0004.wav", "arctic_a0009.wav", "libri_2412-153948-0000.flac")
Damage = Callable[[np.ndarray, int], np.ndarray]


def noisy(clean: np.ndarray, strength: int) -> np.ndarray:
    """White noise at 40 down to 0 dB below the speech."""
    level = 0.05 * 10 ** (-(40, 30, 20, 10, 0)[strength] / 20)
    return clean + (np.random.default_rng(len(clean)).normal(size=len(clean)) * level).astype(np.float32)


def clipped(clean: np.ndarray, strength: int) -> np.ndarray:
    limit = (0.15, 0.1, 0.05, 0.02, 0.005)[strength]
    return np.clip(clean, -limit, limit)


def higher(clean: np.ndarray, strength: int) -> np.ndarray:
    """Pitch and tempo raised by 5 to 60 %."""
    return soxr.resample(clean, RATE * (1.05, 1.1, 1.2, 1.35, 1.6)[strength], RATE).astype(np.float32)


def reversed_in_parts(clean: np.ndarray, strength: int) -> np.ndarray:
    """Each stretch of 20 to 320 ms played backwards."""
    width = (320, 640, 1280, 2560, 5120)[strength]
    return np.concatenate([clean[start : start + width][::-1] for start in range(0, len(clean), width)])


@pytest.fixture(scope="module")
def clean(speech: Callable) -> list[np.ndarray]:
    clips = [speech(f"speech/{file}") for file in FILES]
    return [(clip / np.sqrt(np.mean(clip**2)) * 0.05).astype(np.float32) for clip in clips]


def grows(values: list[float]) -> bool:
    return values[0] > 0 and bool(np.all(np.diff(values) > 0))


@pytest.mark.shared
@pytest.mark.parametrize("damage", [noisy, clipped, higher, reversed_in_parts])
def test_distortion(clean: list[np.ndarray], damage: Damage) -> None:
    values = [
        np.mean([mel_cepstral_distortion(damage(clip, strength), clip, RATE) for clip in clean[1:3]])
        for strength in range(5)
    ]
    assert grows(values), values


@pytest.mark.shared
@pytest.mark.parametrize(
    ("convention", "damage"),
    [(name, damage) for name in ("stoi", "estoi", "stoi-dtw") for damage in (noisy, clipped, reversed_in_parts)]
    + [("stoi-dtw", higher)],
)
def test_intelligibility(clean: list[np.ndarray], convention: str, damage: Damage) -> None:
    """Faster speech needs alignment: cut to the shorter it is unaligned, and every strength looks alike."""
    values = [
        1 - np.mean([short_time_objective_intelligibility(damage(clip, s), clip, RATE, convention) for clip in clean])
        for s in range(5)
    ]
    assert grows(values), values


@pytest.mark.shared
@pytest.mark.weights
@pytest.mark.parametrize("damage", [noisy, clipped, higher])
@pytest.mark.parametrize("name", ["fad-ge2e", "fad-speech", "fad-mn04"])
def test_distribution(
    clean: list[np.ndarray], name: str, damage: Damage, shared: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", f"{shared}/weights")
    metric = FrechetAudioDistance(name)

    def measured(clips: list[np.ndarray]) -> list:
        observers = [metric.observe() for _ in clips]
        for observer, clip in zip(observers, clips, strict=True):
            observer.waveform(clip, RATE)
        return [observer.finish()() for observer in observers]

    reference = measured(clean)
    values = [metric.reduce(reference, measured([damage(clip, s) for clip in clean])) for s in range(5)]
    assert grows(values), values


@pytest.mark.shared
def test_chance_is_far_from_the_ceiling(clean: list[np.ndarray]) -> None:
    """Speech against other speech: what a table shows beside the values that generators reach."""
    wrong = [short_time_objective_intelligibility(clean[(i + 1) % 4], clean[i], RATE) for i in range(4)]
    assert -0.1 < np.mean(wrong) < 0.25
