"""Histograms of motion against the package's and against a slow loop over the published description."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.seeded_pips import seeded_tracks

from metrics.motion.histograms import motion_histograms

GOLDEN = np.load(Path(__file__).parent / "golden" / "fvmd.npz")


def by_hand(tracks: np.ndarray) -> np.ndarray:
    """One vector at a time, in cells numbered by frame, row, column."""
    sums = np.zeros((2, 4, 4, 4, 8))
    for kind in (0, 1):
        for t in range(kind + 1, 16):
            for point in range(400):
                vector = tracks[t, point] - tracks[t - 1, point]
                if kind:
                    vector = vector - (tracks[t - 1, point] - tracks[t - 2, point])
                x, y = (float(component) for component in vector)
                angle = min(int((math.atan2(x, y) + math.pi) / (math.pi / 4)), 7)
                weight = math.ceil(min(math.log2(1 + min(math.hypot(x, y), 255)), 8)) / 8
                sums[kind, t // 4, point // 20 // 5, point % 20 // 5, angle] += weight
    return sums.reshape(-1)


def test_histograms_are_the_packages() -> None:
    ours = np.stack([motion_histograms(tracks)[[0, 2]].ravel() for tracks in seeded_tracks(0)])
    assert np.array_equal(ours.astype(np.float64) * 8, GOLDEN["eighths"])


@pytest.mark.parametrize("wrong", ["atan2(y, x)", "no rounding up"])
def test_a_wrong_histogram_is_found_out(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if wrong == "atan2(y, x)":
        arctan2 = np.arctan2
        monkeypatch.setattr(np, "arctan2", lambda a, b: arctan2(b, a))
    else:
        monkeypatch.setattr(np, "ceil", lambda x: x)
    ours = np.stack([motion_histograms(tracks)[[0, 2]].ravel() for tracks in seeded_tracks(0)])
    assert not np.array_equal(ours.astype(np.float64) * 8, GOLDEN["eighths"])


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 100))
@settings(max_examples=10, deadline=None)
def test_histograms_follow_the_description(seed: int, pace: float) -> None:
    generator = np.random.default_rng(seed)
    tracks = (128 + np.cumsum(generator.normal(0, pace, (16, 400, 2)), axis=0)).astype(np.float32)
    assert (
        np.abs(motion_histograms(tracks)[:2].ravel() - by_hand(tracks)).sum() < 3
    )  # vectors on the border of two bins


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_rest_counts_nothing_and_the_least_motion_an_eighth(seed: int) -> None:
    generator = np.random.default_rng(seed)
    tracks = np.broadcast_to(generator.uniform(8, 248, (400, 2)).astype(np.float32), (16, 400, 2)).copy()
    assert not motion_histograms(tracks).any()
    tracks[9:, generator.integers(400)] += np.float32(2**-10)
    velocities, accelerations, late_velocities = motion_histograms(tracks).astype(float)
    assert velocities.sum() == late_velocities.sum() == 1 / 8
    assert accelerations.sum() == 2 / 8


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_where_a_point_starts_does_not_matter(seed: int) -> None:
    generator = np.random.default_rng(seed)
    steps = generator.integers(-64, 65, (16, 400, 2)) / 64
    tracks = np.cumsum(steps, axis=0)
    moved = tracks + generator.integers(0, 200, (1, 400, 2))
    assert np.array_equal(motion_histograms(tracks.astype(np.float32)), motion_histograms(moved.astype(np.float32)))


def test_tracks_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \[16, 400, 2\]"):
        motion_histograms(np.zeros((15, 400, 2), np.float32))
