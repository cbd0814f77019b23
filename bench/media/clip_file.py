"""A clip to measure, and the hash of its content."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from bench import fingerprint
from bench.files import obstacle
from bench.media.clip import Decoding
from bench.media.container import UnreadableClip, failures_of
from metrics.base.source_hash import source_hash


@dataclass(frozen=True)
class ClipFile:
    """A clip to measure: its file and, where the speech was handed over as a waveform, the lossless WAV beside it."""

    video: Path
    audio: Path | None = None

    def identity(self, decoding: Decoding) -> str:
        """Hash of the clip's content and of how it is decoded.

        Raises:
            UnreadableClip: a file is no regular one, or has vanished.
        """
        files = [None if file is None else _hashed(file) for file in (self.video, self.audio)]
        return fingerprint.of_json([*files, asdict(decoding), source_hash("bench.media")])


def _hashed(file: Path) -> str:
    if reason := obstacle(file):
        raise UnreadableClip(file, reason)
    with failures_of(file):
        return fingerprint.of_file(file)
