"""Mouth and speech: a shift of the sound is found, what cannot be measured says why, and memory does not grow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.media.clip import Decoding, frames, waveform
from metrics.base.metric import Unmeasurable
from metrics.sync.lag import agreement
from metrics.sync.mouth import mouth_shape, without_gaps
from metrics.sync.mouth_sync import CONVENTIONS, MouthObserver, MouthSync, sync_curve
from metrics.sync.speech import levels
from metrics.video.face_mesh import FaceMeshTracker
from narrator.face import FaceMesh

FRAME = 640  # samples at 16 kHz
REACH = 20
CLIPS = ("grid_lwbsza.mpg", "vox2_idunknown_00010.mp4")

Floats = NDArray[np.float64]


def shifted(sound: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The sound later by so many frames, silence before it."""
    return np.concatenate([np.zeros(count * FRAME, np.float32), sound])[: len(sound)]


def synthetic(seed: int, count: int = 150) -> tuple[Floats, Floats, Floats]:
    """Mouth shapes, loudness and bands that follow one hidden signal, with noise."""
    generator = np.random.default_rng(seed)
    hidden = np.convolve(generator.normal(size=count + 4), np.ones(4) / 2, "valid")[:count]
    mouth = hidden[:, None] + 0.3 * generator.normal(size=(count, 3))
    bands = hidden[:, None] * generator.normal(size=8) + 0.3 * generator.normal(size=(count, 8))
    return mouth, hidden + 0.3 * generator.normal(size=count), bands


@given(st.integers(0, 1000), st.integers(-18, 18))
@settings(max_examples=30, deadline=None)
def test_the_lag_of_a_synthetic_pair_is_found(seed: int, lag: int) -> None:
    mouth, loudness, bands = synthetic(seed)
    curve = agreement(mouth, np.roll(loudness, lag), np.roll(bands, lag, axis=0), REACH, 25.0)
    assert abs(int(np.argmax(curve)) - REACH - lag) <= 1
    assert curve.max() - np.median(curve) > 0.3


def test_signals_that_have_nothing_to_do_with_each_other_agree_at_no_lag() -> None:
    apart = []
    for seed in range(10):
        (mouth, _, _), (_, loudness, bands) = synthetic(seed), synthetic(seed + 100)
        curve = agreement(mouth, loudness, bands, REACH, 25.0)
        apart.append(curve.max() - np.median(curve))
    assert np.mean(apart) < 0.2


@pytest.fixture(scope="module", params=CLIPS)
def real(request: Any, shared: Path) -> tuple[Floats, NDArray[np.float32]]:
    """Mouth shapes and sound of a real clip."""
    path, decoding = shared / "media" / "real" / request.param, Decoding(max_seconds=4.0)
    tracker = FaceMeshTracker()
    points = [tracker.track(frame) for chunk in frames(path, decoding) for frame in chunk]
    return without_gaps([None if each is None else mouth_shape(each) for each in points]), waveform(path, decoding)


def test_a_shift_of_real_sound_is_found(real: tuple[Floats, NDArray[np.float32]]) -> None:
    mouth, sound = real
    own = int(np.argmax(sync_curve(mouth, sound, 16000, REACH)))
    assert abs(own - REACH) <= 2
    for count in (2, 5, 10, 15):
        found = int(np.argmax(sync_curve(mouth, shifted(sound, count), 16000, REACH)))
        assert abs(found - own - count) <= 1, count


def test_the_tracked_mesh_is_the_generators(shared: Path) -> None:
    """Against the mesh that the generator finds afresh in each frame: the same face to a few percent of its width."""
    from metrics.weights import fetch

    path = shared / "media" / "real" / CLIPS[0]
    pictures = next(iter(frames(path, Decoding(max_seconds=0.4))))[:6]
    tracker, mesh = FaceMeshTracker(), FaceMesh({name: fetch(name) for name in FaceMesh.weights})
    for picture in pictures:
        tracked, found = tracker.track(picture), mesh.find(picture)
        assert tracked is not None
        assert found is not None
        assert np.abs(tracked[:, :2] - found.points[:, :2]).mean() < 0.02 * np.ptp(found.points[:, 0])


def test_a_picture_without_a_face_has_no_points() -> None:
    assert FaceMeshTracker().track(np.zeros((64, 64, 3), np.uint8)) is None


def test_levels_follow_the_frames() -> None:
    sound = np.zeros(16000, np.float32)
    sound[6400:9600] = np.sin(np.arange(3200) / 4).astype(np.float32)
    loudness, bands = levels(sound, 16000, 25, 25.0)
    assert (len(loudness), bands.shape) == (25, (25, 8))
    assert set(np.flatnonzero(loudness > -3)) == {10, 11, 12, 13, 14}
    assert loudness.max() - loudness.min() <= 40.0 + 1e-9


SPEECH = np.random.default_rng(0).normal(size=16000 * 3).astype(np.float32) * 0.1


@pytest.mark.parametrize(
    ("shapes", "sound", "sentence"),
    [
        ([], SPEECH, "the clip has no frames"),
        ([None] * 75, SPEECH, "a face is seen in 0 of 75 frames, in 80% it must be"),
        ([np.ones(3)] * 75, SPEECH, "the mouth never moves"),
        ([np.full(3, i % 7 + 1.0) for i in range(75)], SPEECH * 0, "the audio is silent"),
        ([np.full(3, i % 7 + 1.0) for i in range(75)], None, "the clip has no audio"),
        ([np.full(3, i % 7 + 1.0) for i in range(40)], SPEECH[:25600], "40 frames are too few for lags of up to 20"),
        ([np.full(3, i % 7 + 1.0) for i in range(150)], SPEECH, r"150 frames beside 3\.00 s of sound are not 25 fps"),
        ([np.full(3, i % 7 + 1.0) for i in range(75)], SPEECH * np.nan, "NaN"),
    ],
)
def test_what_cannot_be_measured_says_why(shapes: list[Any], sound: Any, sentence: str) -> None:
    observer = MouthObserver(REACH)
    observer._shapes = shapes
    if sound is not None:
        observer.waveform(sound, 16000)
    with pytest.raises(Unmeasurable, match=sentence):
        observer.finish()()


def test_three_numbers_come_of_one_curve() -> None:
    curve = np.zeros(2 * REACH + 1)
    curve[REACH + 5], curve[REACH] = 0.8, 0.25
    values = {name: float(MouthSync(name).compare({}, {"curve": curve})["value"]) for name in CONVENTIONS}
    assert values == {"mouth-sync": 0.8, "mouth-sync-lag": 0.2, "mouth-sync-r": 0.25}
    assert {name: MouthSync(name).direction for name in CONVENTIONS} == {
        "mouth-sync": "higher", "mouth-sync-lag": "lower", "mouth-sync-r": "higher",
    }  # fmt: skip
    assert len({MouthSync(name).statistics_id for name in CONVENTIONS}) == 1
    assert MouthSync("mouth-sync-lag").score({"a": {"value": np.array(0.2)}}).unit == "s"
