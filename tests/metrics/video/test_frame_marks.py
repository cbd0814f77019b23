"""Noise and sharpness of four frames: planted noise is found in grey levels, a blur in dB, short ones have no drift."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics import Statistics, Unmeasurable
from metrics.builtin import make
from metrics.video.frame_marks import FrameMarksConfig, sharpness_and_noise

_ACROSS, _DOWN = np.meshgrid(np.arange(128), np.arange(96))
SCENE = (128 + 60 * np.sin(_ACROSS / 9) * np.cos(_DOWN / 7))[..., None].repeat(3, axis=2).astype(np.uint8)


def clip(last: NDArray[np.uint8], frames: int = 100) -> NDArray[np.uint8]:
    shown = np.repeat(SCENE[None], frames, axis=0)
    shown[-1] = last
    return shown


def with_noise(deviation: float) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).standard_normal(SCENE.shape[:2])[..., None] * deviation
    return np.clip(np.rint(SCENE + noise), 0, 255).astype(np.uint8)


def value(name: str, frames: NDArray[np.uint8], chunks: int = 16, **options: int) -> float:
    metric = make(name, **options)
    observer = metric.observe()
    for start in range(0, len(frames), chunks):
        observer.frames(frames[start : start + chunks])
    reference: Statistics = {}
    return float(metric.compare(reference, observer.finish()())["value"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("deviation", [2.0, 5.0, 10.0])
def test_noise_is_found_in_grey_levels(deviation: float) -> None:
    found = value("noise-drift", clip(with_noise(deviation)))
    assert found == pytest.approx(deviation, rel=0.15)  # whole grey levels have a median in steps of 0.25


def test_the_scene_itself_is_no_noise() -> None:
    """The known-wrong variant, deviation instead of median, would take a patch of texture for noise."""
    framed = SCENE.copy()
    framed[20:60, 20:80] = np.random.default_rng(0).integers(0, 256, (40, 60, 1))
    _, noise = sharpness_and_noise(framed)
    luma = framed[..., 0].astype(np.float32)
    wrong = cv2.filter2D(luma, cv2.CV_32F, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)).std() / 6
    assert noise < 1 < 10 < wrong


def test_a_blur_loses_sharpness_and_equal_frames_lose_none() -> None:
    textured = np.repeat(with_noise(8)[None], 100, axis=0)
    assert value("sharpness-drift", textured) == 0
    blurred = textured.copy()
    blurred[-1] = cv2.GaussianBlur(textured[-1], (0, 0), 2)
    assert value("sharpness-drift", blurred) < -6
    assert value("sharpness", blurred) < value("sharpness", textured)


@given(st.integers(1, 100))
def test_it_does_not_matter_how_frames_arrive(chunks: int) -> None:
    frames = clip(with_noise(5))
    assert value("noise-drift", frames, chunks) == value("noise-drift", frames, 100)


def test_short_flat_and_empty_clips_have_a_reason() -> None:
    with pytest.raises(Unmeasurable, match="it has 60 frames, and frame 100 is looked at"):
        value("noise-drift", clip(SCENE, 60))
    assert value("noise-drift", clip(SCENE, 60), last=60) == 0
    assert np.isfinite(value("sharpness", clip(SCENE, 60)))
    with pytest.raises(Unmeasurable, match="flat"):
        value("sharpness", np.full((100, 16, 16, 3), 7, np.uint8))
    with pytest.raises(Unmeasurable, match="no frames"):
        value("sharpness", SCENE[None][:0])
    with pytest.raises(Unmeasurable, match="2 x 2 pixels"):
        value("sharpness", np.zeros((1, 2, 2, 3), np.uint8))


def test_each_frame_is_among_the_details() -> None:
    metric = make("noise-drift")
    assert FrameMarksConfig().marks == (1, 25, 50, 100)
    pairs = {key: {"value": np.array(v[-1] - v[0]), "levels": np.array(v)} for key, v in
             {"a": [1.0, 2, 3, 4], "b": [3.0, 4, 5, 8]}.items()}  # fmt: skip
    score = metric.score(pairs)  # type: ignore[attr-defined]
    assert score.value == 4
    assert {k: v for k, v in score.details.items() if k.startswith("frame")} == {
        "frame_1": 2, "frame_25": 3, "frame_50": 4, "frame_100": 6,
    }  # fmt: skip
