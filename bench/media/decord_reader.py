"""Decoding pictures with decord, a chosen reader that is refused for what it gets wrong.

decord 0.6 returns shifted frames for MPEG program and transport streams without an error, shows frames that an edit
list hides, and knows neither display matrices nor pixels that are not square. What it reads right equals PyAV's frames
bit for bit; a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.media.container import UnreadableClip, failures_of
from bench.media.probe import ClipInfo, probe
from bench.media.timing import Shown, as_fraction, at_rate
from bench.media.video import CHUNK, in_chunks, unbroken

_CLOCK_SECONDS = 0.002
"""Time stamps that differ by more than this differ; decord keeps them as float32."""


def decord_frames(path: Path, fps: float | None, max_seconds: float) -> Iterator[NDArray[np.uint8]]:
    """The clip's frames as a stream of uint8 [t, H, W, 3] chunks; see `bench.media.clip.frames`.

    Raises:
        UnreadableClip: what PyAV's probe finds, or decord would not return the frames that PyAV shows.
    """
    info = probe(path)
    ends = chain(info.starts[1:], [as_fraction(info.duration)])
    shown = (Shown(k, start, end - start) for k, (start, end) in enumerate(zip(info.starts, ends, strict=True)))
    with failures_of(path):
        reader = _checked_reader(path, info)
        yield from in_chunks(_pictures(reader, at_rate(unbroken(shown, max_seconds, path), fps, max_seconds)))


def _pictures(reader: Any, wanted: Iterator[tuple[int, int]]) -> Iterator[tuple[NDArray[np.uint8], int]]:
    while batch := list(islice(wanted, CHUNK)):
        pictures = reader.get_batch([index for index, _ in batch]).asnumpy()
        yield from zip(pictures, (count for _, count in batch), strict=True)


def _checked_reader(path: Path, info: ClipInfo) -> Any:
    if not any(kind in info.container for kind in ("mp4", "matroska")):
        raise _refused(path, f"it returns wrong frames or times for '{info.container}' files")
    if info.rotation:
        raise _refused(path, f"it does not turn the picture by the {info.rotation} degrees that the file asks for")
    if info.pixel_shape != 1:
        raise _refused(path, f"it takes pixels that are {float(info.pixel_shape):.3g} times as wide as high for square")
    try:
        import decord
    except ImportError as error:
        raise _refused(path, "it is not installed (PyPI has wheels for x86-64 only)") from error
    try:
        reader = decord.VideoReader(str(Path(path).resolve()), ctx=decord.cpu(0), num_threads=1)
    except (decord.DECORDError, RuntimeError) as error:
        raise _refused(path, f"it cannot open the file ({str(error).splitlines()[0]})") from error
    if len(reader) != info.frames:
        raise _refused(path, f"it counts {len(reader)} frames where {info.frames} are shown")
    times = np.asarray(reader.get_frame_timestamp(range(len(reader))), dtype=np.float64)[:, 0]
    off = float(np.abs(times - times[0] - np.array([float(start) for start in info.starts])).max())
    if off > _CLOCK_SECONDS:
        raise _refused(path, f"its frame times are up to {off:.3f} s off")
    return reader


def _refused(path: Path, cause: str) -> UnreadableClip:
    return UnreadableClip(path, f"decord cannot be trusted with it: {cause}; use the pyav reader")
