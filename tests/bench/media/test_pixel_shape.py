"""Pixels that are not square: pictures have the shape in which people see them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from support.made_clips import encode, turned

from bench.media.clip import Decoding, UnreadableClip, first_frame, frames, probe
from bench.media.writing import store_finished

NATIVE = Decoding(fps=None)


def scene(width: int, height: int) -> NDArray[np.uint8]:
    """A smooth picture, drawn at any size: what a camera with that many pixels would store of one view."""
    y, x = np.mgrid[:height, :width].astype(float) + 0.5
    x, y = x / width, y / height
    grey = np.round(127 + 60 * np.sin(9 * x + 4 * y) + 50 * np.cos(17 * x * y + 1)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def stored(path: Path, picture: NDArray[np.uint8], shape: Fraction) -> Path:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt, stream.codec_context.sample_aspect_ratio = "yuv420p", shape
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("width", "shape"), [(96, Fraction(2)), (288, Fraction(2, 3)), (132, Fraction(16, 11)), (192, Fraction(1))]
)
def test_the_same_view_is_read_alike_however_it_is_stored(tmp_path: Path, width: int, shape: Fraction) -> None:
    square = stored(tmp_path / "square.mp4", scene(192, 128), Fraction(1))
    clip = stored(tmp_path / "clip.mp4", scene(width, 128), shape)
    (theirs,), (ours,) = list(frames(square, NATIVE)), list(frames(clip, NATIVE))
    assert ours.shape == theirs.shape == (5, 128, 192, 3)
    assert np.abs(ours.astype(int) - theirs).mean() < 1
    assert np.array_equal(first_frame(clip), ours[0])
    info = probe(clip)
    assert (info.width, info.height, info.pixel_shape) == (192, 128, shape)


def test_ffmpeg_gives_pictures_the_same_shape(tmp_path: Path) -> None:
    clip = stored(tmp_path / "clip.mp4", scene(90, 128), Fraction(59, 54))
    with av.open(str(clip)) as container:
        graph = av.filter.Graph()
        chain = [
            graph.add_buffer(template=container.streams.video[0]),
            graph.add("scale", "w=iw*59/54:h=ih:flags=bicubic+accurate_rnd+full_chroma_int"),
            graph.add("format", "rgb24"),
            graph.add("buffersink"),
        ]
        for source, sink in pairwise(chain):
            source.link_to(sink)
        graph.configure()
        graph.push(next(container.decode(video=0)))
        theirs = chain[-1].pull().to_ndarray()
    ours = first_frame(clip)
    assert ours.shape == theirs.shape == (128, 98, 3)
    assert np.abs(ours.astype(int) - theirs).mean() < 1


def test_a_turned_clip_is_stretched_before_it_is_turned(tmp_path: Path) -> None:
    phone = turned(stored(tmp_path / "plain.mp4", scene(96, 128), Fraction(2)), tmp_path / "phone.mp4")
    assert first_frame(phone).shape == (192, 128, 3)
    assert (probe(phone).width, probe(phone).height) == (128, 192)


def test_decord_does_not_know_them(tmp_path: Path) -> None:
    clip = stored(tmp_path / "clip.mp4", scene(96, 128), Fraction(2))
    with pytest.raises(UnreadableClip, match="2 times as wide as high"):
        list(frames(clip, Decoding(reader="decord")))


def test_a_shape_beyond_any_screen_is_damage(tmp_path: Path) -> None:
    clip = stored(tmp_path / "clip.mp4", scene(640, 1024), Fraction(250))
    for read in (first_frame, probe, lambda path: list(frames(path, NATIVE))):
        with pytest.raises(UnreadableClip, match="more than 8K"):
            read(clip)


def test_an_ordinary_clip_has_square_pixels(tmp_path: Path) -> None:
    assert probe(encode(tmp_path / "c.mp4", range(0, 400, 40))).pixel_shape == 1


def test_the_viewing_copy_has_square_pixels(tmp_path: Path) -> None:
    clip = stored(tmp_path / "clip.mp4", scene(96, 128), Fraction(2))
    with av.open(str(clip)) as source, av.open(str(tmp_path / "clip.mkv"), "w") as container:  # browsers play no MKV
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    played = store_finished(tmp_path / "clip.mkv", tmp_path / "store/key.mp4").played
    assert (probe(played).width, probe(played).pixel_shape) == (192, 1)
