"""Decoding pictures with PyAV, the reference reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bench.media.container import UnreadableClip, opened, require_whole, video_stream
from bench.media.timing import LONGEST_GAP, Shown, at_rate

CHUNK = 16
"""Frames per chunk."""

_MOST_PIXELS = 7680 * 4320
"""Of one picture, 8K; a file of a few bytes may claim any size."""

_STRETCH = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Without the two flags swscale rounds down while it scales, and pictures are 1.8 grey levels too dark."""

T = TypeVar("T")


def pyav_frames(path: Path, fps: float | None, max_seconds: float) -> Iterator[NDArray[np.uint8]]:
    """The clip's frames as a stream of uint8 [t, H, W, 3] chunks; see `bench.media.clip.frames`."""
    with opened(path) as container:
        stream = video_stream(container, path)
        to_rgb = RgbConverter(path, pixel_shape(stream))
        timed = at_rate(unbroken(decoded(container, stream, path), max_seconds, path), fps, max_seconds)
        yield from in_chunks((to_rgb(frame), count) for frame, count in timed)


def first_frame(path: Path) -> NDArray[np.uint8]:
    """The first frame that is shown, uint8 [H, W, 3]."""
    with opened(path) as container:
        stream = video_stream(container, path)
        shown = next(decoded(container, stream, path))
        return np.ascontiguousarray(RgbConverter(path, pixel_shape(stream))(shown.frame))


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


def pixel_shape(stream: VideoStream) -> Fraction:
    """How many times as wide as high a stored pixel is shown (the sample aspect ratio); 1 where the file tells none."""
    return stream.sample_aspect_ratio or Fraction(1)


def square_size(frame: av.VideoFrame, shape: Fraction, path: Path) -> tuple[int, int]:
    """Width and height of the picture in square pixels, before it is turned upright.

    The height stays and the width follows, as with FFmpeg's `scale=iw*sar:ih,setsar=1`.

    Raises:
        UnreadableClip: the picture is larger than 8K.
    """
    width, height = max(1, round(frame.width * shape)), frame.height
    if width * height > _MOST_PIXELS:
        raise UnreadableClip(path, f"its pictures are {width} x {height} pixels, more than 8K (7680 x 4320)")
    return width, height


class RgbConverter:
    """Decoded frames of one clip to RGB, upright, of square pixels.

    The colour matrix and range are those the stream is tagged with, BT.601 limited where it is not, and the rotation
    of the stream's display matrix is applied. One swscale context serves the whole clip: PyAV's own `to_ndarray` makes
    one per frame and is 1.7 times slower. Where pixels are not square, the width is resampled (bicubic, in the same
    step) to the shape in which people see the picture; see `square_size`.
    """

    def __init__(self, path: Path, shape: Fraction) -> None:
        self._path = path
        self._shape = shape
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """The picture as a uint8 [H, W, 3] view, to be copied before the next call."""
        size = (frame.height, frame.width)
        if self._size not in (None, size):
            raise UnreadableClip(self._path, f"its frames change size from {self._size} to {size}")
        self._size = size
        width, height = square_size(frame, self._shape, self._path)
        how = Interpolation.BILINEAR if width == frame.width else _STRETCH
        rgb = self._reformatter.reformat(frame, width, format="rgb24", interpolation=how, threads=1)
        plane = rgb.planes[0]
        rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
        picture = rows[:height, : width * 3].reshape(height, width, 3)
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


def unbroken(frames: Iterable[Shown[T]], max_seconds: float, path: Path) -> Iterator[Shown[T]]:
    """The same frames, held against jumps in their time stamps, which would make one picture stand for hours.

    Raises:
        UnreadableClip: a picture stands longer than `LONGEST_GAP` within the first `max_seconds`.
    """
    held: Shown[T] | None = None
    for shown in frames:
        if held:
            _require_steady(held, shown.start, max_seconds, path)
        yield shown
        held = shown
    if held:
        _require_steady(held, held.start + held.duration, max_seconds, path)


def _require_steady(held: Shown[T], until: Fraction, max_seconds: float, path: Path) -> None:
    if until - held.start > LONGEST_GAP and max_seconds - held.start > LONGEST_GAP:
        jump = f"from {float(held.start):.2f} s to {float(until):.2f} s"
        raise UnreadableClip(path, f"its pictures' time stamps jump {jump}")


def _duration(frame: av.VideoFrame, stream: VideoStream) -> Fraction:
    ticks, clock = Fraction(frame.duration or 0), frame.time_base
    rate = stream.average_rate or stream.guessed_rate or 25
    return ticks * Fraction(clock) if ticks and clock else 1 / Fraction(rate)
