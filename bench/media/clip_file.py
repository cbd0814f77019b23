"""A clip to measure, and the hash of its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import fingerprint
from bench.files import obstacle
from bench.media.clip import Decoding, frames
from bench.media.container import UnreadableClip, failures_of
from bench.media.picture_folder import frame_files, picture_frames
from metrics.base.source_hash import source_hash


@dataclass(frozen=True)
class ClipFile:
    """A clip to measure: its file and, where the speech was handed over as a waveform, the lossless WAV beside it.

    Attributes:
        video: the file; a file of sound alone; or, with a `rate`, a folder of numbered pictures.
        audio: the sound, where it lies in a file of its own.
        rate: frames per second of a folder of pictures.
    """

    video: Path
    audio: Path | None = None
    rate: float | None = None

    def identity(self, decoding: Decoding) -> str:
        """Hash of the clip's content and of how it is decoded.

        Raises:
            UnreadableClip: a file is no regular one, or has vanished.
        """
        return fingerprint.of_json([*self.content(), asdict(decoding), source_hash("bench.media")])

    def content(self) -> list[str | None]:
        """Hashes of what pictures and sound lie in; None where the sound lies in no file of its own.

        Raises:
            UnreadableClip: as `identity`.
        """
        return [None if file is None else self._hashed(file) for file in (self.video, self.audio)]

    def size(self) -> int:
        """Bytes of the file of pictures, 0 where it cannot be told: about as many as there is work."""
        try:
            return self.video.stat().st_size if self.rate is None else len(list(self.video.iterdir()))
        except OSError:
            return 0

    def frames(self, decoding: Decoding) -> Iterator[NDArray[np.uint8]]:
        """The pictures, see `bench.media.clip.frames`."""
        if self.rate is None:
            return frames(self.video, decoding)
        return picture_frames(self.video, self.rate, decoding.fps, decoding.max_seconds)

    def _hashed(self, file: Path) -> str:
        if self.rate is None or file != self.video:
            return _hashed(file)
        return fingerprint.of_json([self.rate, *(_hashed(picture) for picture in frame_files(file))])


def _hashed(file: Path) -> str:
    if reason := obstacle(file):
        raise UnreadableClip(file, reason)
    with failures_of(file):
        return fingerprint.of_file(file)
