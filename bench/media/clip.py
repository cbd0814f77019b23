"""Reading clips: frames at a constant rate, the soundtrack that belongs to them, and what a file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.media.audio import native_waveform, resampled
from bench.media.container import UnreadableClip, failures_of
from bench.media.decord_reader import decord_frames
from bench.media.probe import ClipInfo, probe
from bench.media.video import first_frame, pyav_frames

__all__ = ["ClipInfo", "Decoding", "UnreadableClip", "first_frame", "frames", "probe", "soundtrack_path", "waveform"]

Reader = Literal["pyav", "decord"]


@dataclass(frozen=True)
class Decoding:
    """How clips are read.

    Attributes:
        fps: frames per second after conversion; None keeps each frame at its own time.
        sample_rate: of the waveform in Hz; None keeps the file's own.
        max_seconds: the part of the clip that is read, from its first frame on; may be infinite.
        reader: "pyav", the reference, or "decord", which refuses what it would get wrong.
    """

    fps: float | None = 25.0
    sample_rate: int | None = 16000
    max_seconds: float = 10.0
    reader: Reader = "pyav"

    def __post_init__(self) -> None:
        if self.reader not in ("pyav", "decord"):
            raise ValueError(f'Decoding: reader is "{self.reader}"; choose "pyav" or "decord".')
        for name in ("fps", "sample_rate", "max_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Decoding: {name} is {value}; it must be greater than 0.")
            if name != "max_seconds" and value == inf:
                raise ValueError(f"Decoding: {name} is infinite; it must be a number.")


def frames(path: Path, decoding: Decoding) -> Iterator[NDArray[np.uint8]]:
    """Decode the clip's pictures, each once, as a stream of chunks; memory does not grow with the clip.

    Frame k of the result stands for time k / fps after the clip's first frame, by the frames' real time stamps (see
    `bench.media.timing.at_rate`). Pictures are RGB, upright, of the file's own size, but for
    pixels that are not square (see `bench.media.video.square_size`); a crop is `map(crop, frames(path, decoding))`.

    Yields:
        uint8 [t, H, W, 3], t = 16 but for the last; at most max_seconds * fps frames in all.

    Raises:
        UnreadableClip: at the first chunk or on the way; damage within the part that is read is an error, and so is a
            picture that its time stamps would let stand for more than 5 s.
    """
    read = pyav_frames if decoding.reader == "pyav" else decord_frames
    return read(Path(path), decoding.fps, decoding.max_seconds)


def waveform(path: Path, decoding: Decoding) -> NDArray[np.float32]:
    """Decode the soundtrack of the same part of the clip.

    Returns:
        float32 [S] mono, the mean of the channels, in -1..1, at `decoding.sample_rate`; sample 0 belongs to the first
        frame. Resampled at most once, by soxr VHQ. Use `native_waveform` where the file's own rate must be known.

    Raises:
        UnreadableClip: no audio stream, no samples, or damage.
    """
    native, rate = native_waveform(Path(path), decoding.max_seconds)
    with failures_of(path):
        return resampled(native, rate, decoding.sample_rate or rate)


def soundtrack_path(path: Path) -> Path:
    """The file that holds the clip's sound: KEY.wav beside KEY.mp4 where it stands (lossless), else the clip itself."""
    sidecar = Path(path).with_suffix(".wav")
    return sidecar if sidecar.is_file() else Path(path)
