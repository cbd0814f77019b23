"""Clips made for tests: frames that encode their own time, a soundtrack that clicks, odd timings."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

TICK = Fraction(1, 1000)


def picture(number: int, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """A frame whose eight vertical bars spell `number` in binary: survives lossy coding."""
    bits = [(number >> bit) & 1 for bit in range(8)]
    bars = np.repeat(np.array(bits, dtype=np.uint8) * 200 + 25, width // 8)
    return np.broadcast_to(bars[None, :, None], (height, width, 3)).copy()


def number_in(frame: NDArray[np.uint8]) -> int:
    """The number that `picture` wrote."""
    bars = frame.astype(float).mean(axis=(0, 2)).reshape(8, -1).mean(axis=1)
    return sum(1 << bit for bit, level in enumerate(bars) if level > 125)


def encode(path: Path, milliseconds: Iterable[int], last_duration: int = 40) -> Path:
    """An H.264 MP4 whose frame number k is shown at the k-th of `milliseconds`."""
    stamps = list(milliseconds)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10", "preset": "ultrafast", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = TICK
        ends = [*stamps[1:], stamps[-1] + last_duration]
        for number, (start, end) in enumerate(zip(stamps, ends, strict=True)):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.duration, frame.time_base = start, end - start, TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(source: Path, path: Path) -> Path:
    """A copy whose display matrix asks players to turn the picture by 90 degrees clockwise, as phones write it."""
    identity = b"".join(n.to_bytes(4, "big") for n in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
    clockwise = b"".join(n.to_bytes(4, "big") for n in (0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000))
    data = source.read_bytes()
    at = data.index(identity, data.index(b"tkhd"))
    path.write_bytes(data[:at] + clockwise + data[at + len(clockwise) :])
    return path
