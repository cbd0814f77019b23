"""Decoding pictures with PyAV, the reference reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bench.media.container import UnreadableClip, opened, require_whole, video_stream
from bench.media.timing import Shown, at_rate

CHUNK = 16
"""Frames per chunk."""

_DECODER_THREADS = 2
"""A few only: many clips are read side by side, and every thread holds frames."""


def pyav_frames(path: Path, fps: float | None, max_seconds: float) -> Iterator[NDArray[np.uint8]]:
    """The clip's frames as a stream of uint8 [t, H, W, 3] chunks; see `bench.media.clip.frames`."""
    with opened(path) as container:
        stream = video_stream(container, path)
        stream.thread_type, stream.codec_context.thread_count = "AUTO", _DECODER_THREADS
        to_rgb = RgbConverter(path)
        timed = at_rate(decoded(container, stream, path), fps, max_seconds)
        yield from in_chunks((to_rgb(frame), count) for frame, count in timed)


def first_frame(path: Path) -> NDArray[np.uint8]:
    """The first frame that is shown, uint8 [H, W, 3]."""
    with opened(path) as container:
        shown = next(decoded(container, video_stream(container, path), path))
        return np.ascontiguousarray(RgbConverter(path)(shown.frame))


def in_chunks(pictures: Iterable[tuple[NDArray[np.uint8], int]], size: int = CHUNK) -> Iterator[NDArray[np.uint8]]:
    """Pictures uint8 [H, W, 3], each with a repeat count, as chunks uint8 [size, H, W, 3]; the last may be shorter.

    Every chunk is an array of its own, so a caller may keep it.
    """
    chunk: NDArray[np.uint8] | None = None
    filled = 0
    for picture, count in pictures:
        for _ in range(count):
            if chunk is None:
                chunk = np.empty((size, *picture.shape), dtype=np.uint8)
            chunk[filled] = picture
            filled += 1
            if filled == size:
                yield chunk
                chunk, filled = None, 0
    if chunk is not None:
        yield chunk[:filled]


class RgbConverter:
    """Decoded frames of one clip to RGB, upright.

    The colour matrix and range are those the stream is tagged with, BT.601 limited where it is not, and the rotation
    of the stream's display matrix is applied. One swscale context serves the whole clip: PyAV's own `to_ndarray` makes
    one per frame and is 1.7 times slower. Pixel aspect ratios are not applied.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """The picture as a uint8 [H, W, 3] view, to be copied before the next call."""
        size = (frame.height, frame.width)
        if self._size not in (None, size):
            raise UnreadableClip(self._path, f"its frames change size from {self._size} to {size}")
        self._size = size
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1)
        plane = rgb.planes[0]
        rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
        picture = rows[: frame.height, : frame.width * 3].reshape(frame.height, frame.width, 3)
        return upright(picture, frame.rotation, self._path)


def upright(picture: NDArray[np.uint8], rotation: int, path: Path) -> NDArray[np.uint8]:
    """The picture turned counterclockwise by the display matrix' angle in degrees, a multiple of 90."""
    if rotation % 90:
        raise UnreadableClip(path, f"its display matrix turns it by {rotation} degrees, not a multiple of 90")
    return np.rot90(picture, rotation // 90)


def decoded(container: InputContainer, stream: VideoStream, path: Path) -> Iterator[Shown[av.VideoFrame]]:
    """All frames in presentation order, at least one.

    Raises:
        UnreadableClip: no frame, a damaged packet or frame, or a file that ends before its own index does. Frames that
            a decoder patched up are not the clip's, so damage in the part that is read is no shorter clip.
    """
    packets = 0
    zero: Fraction | None = None
    end = Fraction(0)
    for packet in container.demux(stream):
        packets += packet.size > 0
        if packet.is_corrupt:
            raise UnreadableClip(path, f"it is damaged: video packet {packets} is incomplete")
        for frame in packet.decode():
            if not isinstance(frame, av.VideoFrame):
                continue
            if frame.is_corrupt:
                raise UnreadableClip(path, f"it is damaged: the video frame at {float(end):.2f} s decodes with errors")
            duration = _duration(frame, stream)
            if frame.pts is None or frame.time_base is None:
                start = end
            else:
                time = frame.pts * frame.time_base
                zero = time if zero is None else zero
                start = time - zero
            end = start + duration
            yield Shown(frame, start, duration)
    require_whole(container, stream, packets, path)
    if not end:
        raise UnreadableClip(path, "its video stream holds no frame")


def _duration(frame: av.VideoFrame, stream: VideoStream) -> Fraction:
    ticks, clock = Fraction(frame.duration or 0), frame.time_base
    rate = stream.average_rate or stream.guessed_rate or 25
    return ticks * Fraction(clock) if ticks and clock else 1 / Fraction(rate)
