"""Constant-rate conversion: the rule itself, FFmpeg's own filter as an oracle, frames that encode their time."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.made_clips import encode, number_in

from bench.media.clip import Decoding, frames, probe
from bench.media.timing import Shown, at_rate

intervals = st.lists(st.integers(1, 200), min_size=1, max_size=60)
rates = st.sampled_from([10.0, 23.976, 25.0, 29.97, 30.0, 60.0])


def shown(milliseconds: list[int]) -> list[Shown[int]]:
    starts = np.cumsum([0, *milliseconds[:-1]])
    return [
        Shown(k, Fraction(int(start), 1000), Fraction(length, 1000))
        for k, (start, length) in enumerate(zip(starts, milliseconds, strict=True))
    ]


@given(intervals, rates)
def test_the_clip_keeps_its_length_and_order(milliseconds: list[int], fps: float) -> None:
    counted = list(at_rate(shown(milliseconds), fps, math.inf))
    assert [k for k, _ in counted] == sorted({k for k, _ in counted})
    assert min(count for _, count in counted) >= 1
    assert (
        abs(sum(count for _, count in counted) - sum(milliseconds) / 1000 * fps) <= 0.5 + 1e-9
        or sum(count for _, count in counted) == 1
    )


@given(intervals, rates)
def test_no_frame_is_more_than_half_a_period_off(milliseconds: list[int], fps: float) -> None:
    frames_in = shown(milliseconds)
    tick = 0
    for k, count in at_rate(frames_in, fps, math.inf):
        begin, end = frames_in[k].start, frames_in[k].start + frames_in[k].duration
        for at in range(tick, tick + count):
            assert float(begin) - 0.5 / fps - 1e-9 <= at / fps <= float(end) + 0.5 / fps + 1e-9
        tick += count


@given(intervals, rates, st.floats(0.05, 5.0))
def test_a_limit_only_cuts(milliseconds: list[int], fps: float, limit: float) -> None:
    whole = [k for k, count in at_rate(shown(milliseconds), fps, math.inf) for _ in range(count)]
    cut = [k for k, count in at_rate(shown(milliseconds), fps, limit) for _ in range(count)]
    assert cut == whole[: max(1, round(limit * fps))]


def test_reading_stops_at_the_limit() -> None:
    read = []
    for _ in at_rate((read.append(s.frame) or s for s in shown([40] * 1000)), 25.0, 1.0):
        pass
    assert len(read) == 26


def test_a_clip_with_uneven_frames_follows_its_time_stamps(tmp_path: Path) -> None:
    clip = encode(tmp_path / "uneven.mp4", [0, 40, 100, 110, 150, 260, 300, 310, 350])
    native = [number_in(f) for chunk in frames(clip, Decoding(fps=None)) for f in chunk]
    assert native == list(range(9))
    converted = [number_in(f) for chunk in frames(clip, Decoding(fps=25)) for f in chunk]
    #            ms  0  40  80 120 160 200 240 280 320 360: the frame that began last, halves of 40 ms rounded
    assert converted == [0, 1, 1, 3, 4, 4, 4, 5, 7, 8]
    by_index = native[:10]  # what a reader that assumes 25 fps would return
    assert converted != by_index
    info = probe(clip)
    assert info.variable_fps
    assert [float(start) for start in info.starts] == [0, 0.04, 0.1, 0.11, 0.15, 0.26, 0.3, 0.31, 0.35]
    assert info.duration == 0.39


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    late = encode(tmp_path / "late.mp4", range(700, 1500, 40))
    assert [number_in(f) for chunk in frames(late, Decoding()) for f in chunk] == list(range(20))


@pytest.mark.shared
@pytest.mark.parametrize("fps", [25, 29.97, 60])
@pytest.mark.parametrize(
    "name",
    [
        "real/retalking_face_1.mp4",  # variable
        "generated/makeittalk_pred.mp4",  # 62.5
        "real/RD_Radio10_0_clip_0.mp4",  # 29.97, a frame hidden by the edit list
        "real/hamilton_short.mp4",  # pictures begin 0.85 s after the sound
        "generated/vasa1_10_short.mp4",  # a long last frame
    ],
)
def test_ffmpeg_chooses_the_same_frames(shared: Path, name: str, fps: float) -> None:
    clip = shared / "media" / name
    ours = [f for chunk in frames(clip, Decoding(fps=fps, max_seconds=2.0)) for f in chunk]
    theirs = ffmpeg_fps_filter(clip, fps, len(ours))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.shared
def test_ffmpeg_makes_clips_of_the_same_length(shared: Path) -> None:
    for name in ("real/retalking_face_1.mp4", "generated/vasa1_10_short.mp4", "real/RD_Radio10_0_clip_0.mp4"):
        clip = shared / "media" / name
        ours = sum(len(chunk) for chunk in frames(clip, Decoding()))
        assert ours == len(ffmpeg_fps_filter(clip, 25, 10_000, keep_pictures=False))


def ffmpeg_fps_filter(clip: Path, fps: float, limit: int, keep_pictures: bool = True) -> list[NDArray[np.uint8]]:
    """The first `limit` frames of setpts=PTS-STARTPTS,fps=FPS."""
    out: list[NDArray[np.uint8]] = []
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        chain = [
            graph.add_buffer(template=stream),
            graph.add("setpts", "PTS-STARTPTS"),
            graph.add("fps", str(fps)),
            graph.add("buffersink"),
        ]
        for source, sink in pairwise(chain):
            source.link_to(sink)
        graph.configure()
        for frame in [*container.decode(stream), None]:
            graph.push(frame)
            while len(out) < limit:
                try:
                    pulled = chain[-1].pull()
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
                out.append(pulled.to_ndarray(format="rgb24") if keep_pictures else np.zeros(0, np.uint8))
            if len(out) >= limit:
                break
    return out
