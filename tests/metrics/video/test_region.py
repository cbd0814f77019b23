"""The face's square: found once, the same however the frames arrive, signed, and a reason where there is none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics import ClipMetric, ClipObserver, FrechetInceptionDistance, Statistics, Unmeasurable
from metrics.builtin import fid, fvd
from metrics.video.face_finder import FaceFinder
from metrics.video.fid import FIDConfig
from metrics.video.region import LIMIT, FaceCrop, square_around
from metrics.weights import fetch
from narrator.face import FaceDetector

SCENERY = np.random.default_rng(0).integers(0, 256, (1, 9, 12, 3), dtype=np.uint8).repeat(20, axis=1).repeat(20, axis=2)


class Kept(ClipObserver):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[NDArray[np.uint8]] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        self.shown.append(frames.copy())

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"frames": np.concatenate(self.shown)}


def real_frames(path: Path, count: int) -> NDArray[np.uint8]:
    with av.open(str(path)) as container:
        return np.array([f.to_ndarray(format="rgb24") for f in islice(container.decode(video=0), count)])


def cropped(frames: NDArray[np.uint8], chunk: int) -> NDArray[np.uint8]:
    crop = FaceCrop(Kept())
    for start in range(0, len(frames), chunk):
        part = frames[start : start + chunk].copy()
        crop.frames(part)
        part[:] = 0  # the caller uses the array again
    return np.asarray(crop.finish()()["frames"])


sizes, places, lengths = st.integers(16, 700), st.floats(-50, 700), st.floats(2, 600)


@given(sizes, sizes, places, places, lengths, lengths)
def test_the_square_lies_in_the_frame(height: int, width: int, left: float, top: float, w: float, h: float) -> None:
    rows, columns = square_around(np.array([left, top, left + w, top + h], np.float32), height, width)
    side = rows.stop - rows.start
    assert side == columns.stop - columns.start
    assert side == min(height, width) or abs(side - 1.5 * max(w, h)) < 0.51
    assert 0 <= rows.start < rows.stop <= height
    assert 0 <= columns.start < columns.stop <= width


@pytest.mark.shared
@pytest.mark.weights
def test_faces_of_real_clips_are_found_where_the_other_detector_finds_them(shared: Path) -> None:
    """The bundled generator's detector, an implementation of its own, is the oracle."""
    near = FaceDetector(fetch("face-detector"), "short")
    finder = FaceFinder()
    paths = sorted((shared / "media" / "real").iterdir())
    compared = 0
    for path in paths:
        frame = real_frames(path, 1)[0]
        found = finder.find(frame)
        assert found is not None, path.name
        expected = near.find(frame)
        if expected:
            compared += 1
            side = float(expected[0].box[2] - expected[0].box[0])
            assert np.abs(found - expected[0].box).max() < 0.1 * side, path.name
    assert compared > len(paths) / 2


@pytest.mark.shared
@pytest.mark.weights
@pytest.mark.parametrize("faceless", [0, 3])
def test_the_square_does_not_depend_on_how_frames_arrive(shared: Path, faceless: int) -> None:
    frames = real_frames(shared / "media" / "real" / "grid_bbaf2n.mpg", 8)
    height, width = frames.shape[1:3]
    blank = np.full((faceless, height, width, 3), 90, np.uint8)
    clip = np.concatenate([blank, frames])
    rows, columns = square_around(FaceFinder().find(frames[0]), height, width)
    for chunk in (1, 2, 5, 64):
        np.testing.assert_array_equal(cropped(clip, chunk), clip[:, rows, columns])


@pytest.mark.weights
@pytest.mark.parametrize("chunk", [1, 10, 64])
def test_a_clip_without_a_face_has_the_reason_and_keeps_no_frames(chunk: int) -> None:
    crop = FaceCrop(Kept())
    clip = SCENERY.repeat(40, axis=0)
    for start in range(0, 40, chunk):
        crop.frames(clip[start : start + chunk])
    assert crop._faceless == []
    with pytest.raises(Unmeasurable, match=f"no face found in the first {LIMIT} frames"):
        crop.finish()()
    short = FaceCrop(Kept())
    short.frames(clip[:3])
    with pytest.raises(Unmeasurable, match="no face found in the first 3 frames"):
        short.finish()()


@pytest.mark.weights
def test_the_region_and_the_detector_are_signed() -> None:
    for make in (fid, fvd):
        frame, face = make(), make(region="face")
        assert "region:frame" in frame.signature
        assert "weights:face-detector@" not in frame.signature
        assert "region:face" in face.signature
        assert "weights:face-detector@" in face.signature
        assert "weights:face-detector-full-range@" in face.signature
        assert frame.statistics_id != face.statistics_id


@pytest.mark.shared
@pytest.mark.weights
def test_metrics_see_the_face_alone(shared: Path) -> None:
    """Outside the square nothing counts, inside it everything does."""
    frames = real_frames(shared / "media" / "real" / "grid_bbaf2n.mpg", 16)
    rows, columns = square_around(FaceFinder().find(frames[0]), *frames.shape[1:3])
    elsewhere, inside = frames.copy(), frames.copy()
    elsewhere[1:, :40, :40] //= 2  # the first frame decides on the square
    inside[1:, rows, columns] //= 2
    assert rows.start > 40
    narrow = FrechetInceptionDistance("fid-64", FIDConfig(width=64, region="face"))
    for metric in (narrow, fvd(region="face")):
        base, outside, within = (features(metric, clip) for clip in (frames, elsewhere, inside))
        np.testing.assert_array_equal(base, outside)
        assert np.abs(base - within).max() > 1e-2
    whole = features(FrechetInceptionDistance("fid-64", FIDConfig(width=64)), frames)
    assert np.abs(whole - features(narrow, frames)).max() > 1e-2


def features(metric: ClipMetric, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
    observer = metric.observe()
    observer.frames(clip)
    return np.asarray(observer.finish()()["features"])
