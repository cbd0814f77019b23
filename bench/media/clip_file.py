"""A clip to measure, and the hash of its content."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from bench import fingerprint
from bench.media.clip import Decoding
from metrics.base.source_hash import source_hash


@dataclass(frozen=True)
class ClipFile:
    """A clip to measure: its file and, where the speech was handed over as a waveform, the lossless WAV beside it."""

    video: Path
    audio: Path | None = None

    def identity(self, decoding: Decoding) -> str:
        """Hash of the clip's content and of how it is decoded."""
        audio = None if self.audio is None else fingerprint.of_file(self.audio)
        return fingerprint.of_json(
            [fingerprint.of_file(self.video), audio, asdict(decoding), source_hash("bench.media")]
        )
