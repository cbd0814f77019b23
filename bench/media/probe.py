"""What a clip holds, counted from its packets; containers' own durations and frame counts are often wrong."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from bench.media.container import UnreadableClip, opened, require_whole, video_stream
from bench.media.timing import LONGEST_GAP
from bench.media.video import decoded, pixel_shape, square_size


@dataclass(frozen=True)
class ClipInfo:
    """One clip's streams.

    Where its pictures' time stamps jump by more than `LONGEST_GAP` seconds, everything is told of the part before the
    jump: reading on from there is refused.

    Attributes:
        width, height: of the upright picture, in square pixels, as it is read.
        fps: mean frame rate over the whole clip.
        variable_fps: the intervals between frames differ by more than half the shortest.
        frames: frames that are shown, counted.
        duration: seconds from the first frame's start to the last one's end.
        pixel_shape: how many times as wide as high a stored pixel is shown; already applied to width and height.
        rotation: of the display matrix, degrees counterclockwise; already applied to width and height.
        container, video_codec: FFmpeg's names.
        audio_codec, sample_rate, channels: of the first audio stream; None without one.
        starts: seconds after the first frame at which each frame is shown.
    """

    width: int
    height: int
    fps: float
    variable_fps: bool
    frames: int
    duration: float
    pixel_shape: Fraction
    rotation: int
    container: str
    video_codec: str
    audio_codec: str | None
    sample_rate: int | None
    channels: int | None
    starts: tuple[Fraction, ...]


def probe(path: Path) -> ClipInfo:
    """Read all packets of the clip and decode its first frame.

    Raises:
        UnreadableClip: no media, no video stream, no frames, or cut short.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        first = next(decoded(container, stream, path))
        shape, rotation = pixel_shape(stream), first.frame.rotation
        width, height = square_size(first.frame, shape, path)
        if rotation % 180:
            width, height = height, width
        audio = next(iter(container.streams.audio), None)
        format_name, codec = container.format.name, stream.codec_context.name
        sound = (audio.codec_context.name, audio.rate, audio.channels) if audio else (None, None, None)
    starts, duration = frame_times(path)
    intervals = [later - earlier for earlier, later in pairwise(starts)]
    return ClipInfo(
        width=width,
        height=height,
        fps=float((len(starts) - 1) / starts[-1] if starts[-1] else 1 / duration),
        variable_fps=bool(intervals) and max(intervals) > Fraction(3, 2) * min(intervals),
        frames=len(starts),
        duration=float(duration),
        pixel_shape=shape,
        rotation=rotation,
        container=format_name,
        video_codec=codec,
        audio_codec=sound[0],
        sample_rate=sound[1],
        channels=sound[2],
        starts=tuple(starts),
    )


def frame_times(path: Path) -> tuple[list[Fraction], Fraction]:
    """When frames are shown, sorted, the first one at 0, and when the last one ends; the first jump ends both.

    Raises:
        UnreadableClip: no media, no video stream, no frames, or cut short.
    """
    shown: list[tuple[Fraction, Fraction]] = []  # presentation time, duration
    packets = 0
    with opened(path) as container:
        stream = video_stream(container, path)
        usual = 1 / Fraction(stream.average_rate or stream.guessed_rate or 25)
        for packet in container.demux(stream):
            if not packet.size:
                continue
            packets += 1
            if packet.is_corrupt:
                raise UnreadableClip(path, f"it is damaged: video packet {packets} is incomplete")
            if packet.is_discard:  # outside the edit list: decoded for the sake of others, never shown
                continue
            stamp = packet.pts if packet.pts is not None else packet.dts
            time = stamp * packet.time_base if stamp is not None else len(shown) * usual
            shown.append((time, packet.duration * packet.time_base if packet.duration else usual))
        require_whole(container, stream, packets, path)
    if not shown:
        raise UnreadableClip(path, "its video stream holds no frame")
    shown.sort()
    steady = next((k for k, (a, b) in enumerate(pairwise(shown), 1) if b[0] - a[0] > LONGEST_GAP), len(shown))
    zero = shown[0][0]
    starts = [time - zero for time, _ in shown[:steady]]
    return starts, starts[-1] + shown[steady - 1][1]
