"""Lucas-Kanade tracks: known motion is found, a frozen picture is at rest, windows do not depend on each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.motion.grid import grid_points, square
from metrics.motion.histograms import motion_histograms
from metrics.motion.lucas_kanade import LucasKanade


def pattern(dx: float, dy: float, seed: int = 0) -> np.ndarray:
    """A textured frame uint8 [256, 256, 3], drawn dx and dy pixels further."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:256, 0:256]
    frame = np.zeros((256, 256))
    for _ in range(60):
        u, v = generator.normal(0, 0.25, 2)
        frame += np.sin(u * (x - dx) + v * (y - dy) + generator.uniform(0, 6.3))
    return np.repeat(np.clip(frame * 12 + 128, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def tracks_of(frames: list[np.ndarray]) -> list[np.ndarray]:
    tracker = LucasKanade().start(torch.device("cpu"))
    return [tracks for frame in frames if (tracks := tracker.track(frame)) is not None]


@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(0, 1000))
@settings(max_examples=4, deadline=None)
def test_a_shift_is_found(dx: float, dy: float, seed: int) -> None:
    (tracks,) = tracks_of([pattern(dx * t, dy * t, seed) for t in range(16)])
    moved = tracks[15] - tracks[0]
    inside = (np.abs(grid_points() - 128) < 80).all(axis=1)
    np.testing.assert_allclose(np.median(moved[inside], axis=0), [15 * dx, 15 * dy], atol=0.15)


@pytest.mark.parametrize("frame", [pattern(0, 0), np.full((256, 256, 3), 90, np.uint8)])
def test_a_frozen_picture_is_at_rest(frame: np.ndarray) -> None:
    for tracks in tracks_of([frame] * 18):
        assert not motion_histograms(tracks).any()


def test_a_window_does_not_depend_on_what_came_before() -> None:
    frames = [pattern(1.3 * t, 0.4 * np.sin(t)) for t in range(20)]
    alone = [tracks_of(frames[start : start + 16])[0] for start in range(5)]
    assert len(tracks_of(frames)) == 5
    for together, single in zip(tracks_of(frames), alone, strict=True):
        assert np.array_equal(together, single)


def test_frames_are_stretched_to_a_square_with_antialiasing() -> None:
    stripes = np.zeros((512, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    small = square(stripes)
    assert small.shape == (256, 256, 3)
    inside = small[:, 1:-1]
    assert 125 < inside.min() <= inside.max() < 130
