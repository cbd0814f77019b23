"""The damages are what their units say, and the same every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.damages import (
    AUDIO,
    RATE,
    VIDEO,
    Damage,
    blurred,
    clipped,
    faster,
    frozen,
    grainy,
    higher,
    jittered,
    noisy,
    reversed_in_parts,
    shuffled,
)


@pytest.fixture(scope="module")
def numbered() -> NDArray[np.uint8]:
    """32 frames, each of one grey level: its number."""
    return np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None, None], (32, 24, 36, 3)).copy()


@pytest.fixture(scope="module")
def voice() -> NDArray[np.float32]:
    """A second of harmonics of 150 Hz with a syllable's rise and fall."""
    t = np.arange(RATE) / RATE
    sound = sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 30)) * (1 - np.cos(2 * np.pi * 2 * t))
    return (0.05 * sound).astype(np.float32)


@pytest.mark.parametrize("damage", [*VIDEO, *AUDIO], ids=lambda damage: damage.name)
def test_same_damage_every_time_and_the_clip_untouched(damage: Damage, voice: NDArray[np.float32]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 24, 36, 3), dtype=np.uint8)
    clip: NDArray[Any] = pixels if damage in VIDEO else voice
    before = clip.copy()
    strongest = damage.strengths[-1]
    damaged = damage.apply(clip, strongest)
    assert damaged.dtype == clip.dtype
    assert damaged.tobytes() == damage.apply(clip, strongest).tobytes() != clip.tobytes()
    assert np.array_equal(clip, before)
    assert len(damaged) == (len(clip) if damage.apply is not faster else round(len(clip) / 1.6))


def test_blur_spreads_a_line_by_sigma() -> None:
    line = np.zeros((1, 41, 41, 3), np.uint8)
    line[0, 20] = 255
    profile = blurred(line, 2)[0, :, 20, 0].astype(float)
    assert np.sqrt(np.sum(profile * (np.arange(41) - 20.0) ** 2) / profile.sum()) == pytest.approx(2, rel=0.05)


def test_grain_has_its_deviation() -> None:
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    assert grainy(grey, 8).std() == pytest.approx(8, rel=0.02)


@pytest.mark.parametrize("percent", [10, 45, 95])
def test_so_many_frames_repeat(numbered: NDArray[np.uint8], percent: float) -> None:
    shown = frozen(numbered, percent)[:, 0, 0, 0].astype(int)
    held = np.diff(shown) == 0
    assert held.sum() == round(31 * percent / 100)
    assert np.array_equal(shown[1:][~held], np.arange(1, 32)[~held])


def test_jitter_moves_frames_within_its_reach() -> None:
    ramps = np.zeros((40, 60, 80, 3), np.uint8)
    ramps[..., 0], ramps[..., 1] = np.arange(60)[:, None], np.arange(80)
    middle = jittered(ramps, 8)[:, 30, 40, :2].astype(int) - (30, 40)
    assert np.abs(middle).max() == 8
    assert len(np.unique(middle, axis=0)) > 30


def test_frames_change_places_within_windows(numbered: NDArray[np.uint8]) -> None:
    order = shuffled(numbered, 8)[:, 0, 0, 0].reshape(4, 8)
    assert np.array_equal(np.sort(order, axis=1).ravel(), np.arange(32))
    assert not np.array_equal(order.ravel(), np.arange(32))


def test_noise_and_clipping_keep_to_the_level(voice: NDArray[np.float32]) -> None:
    def power(x: NDArray[np.float32]) -> float:
        return float(np.mean(x.astype(float) ** 2))

    noise = noisy(voice, 10) - voice
    assert 10 * np.log10(power(voice) / power(noise)) == pytest.approx(10, abs=0.1)
    assert 20 * np.log10(np.abs(clipped(voice, -8)).max() / power(voice) ** 0.5) == pytest.approx(-8, abs=0.01)


@pytest.mark.parametrize(("change", "strength", "ratio"), [(higher, 6, 2**0.5), (faster, 20, 1.2)])
def test_pitch_rises(voice: NDArray[np.float32], change: Any, strength: float, ratio: float) -> None:
    raised = change(voice, strength)
    spectrum = np.abs(np.fft.rfft(raised * np.hanning(len(raised)), RATE))
    assert 100 + np.argmax(spectrum[100:300]) == pytest.approx(150 * ratio, abs=3)


def test_reversal_undoes_itself(voice: NDArray[np.float32]) -> None:
    backwards = reversed_in_parts(voice, 20)
    assert np.array_equal(backwards[:320], voice[:320][::-1])
    assert np.array_equal(reversed_in_parts(backwards, 20), voice)
