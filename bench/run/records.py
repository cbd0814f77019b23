"""What is kept of one generated clip: its files and their checksums, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench import fingerprint
from bench.files import atomic
from bench.media.clip_file import ClipFile


@dataclass(frozen=True)
class GeneratedClip:
    """One clip of a generator, or the reason why it has none; equal for equal input, whatever it cost.

    Attributes:
        identity: hash of all that the clip depends on; "" for a failure, which is tried again by the next run.
        error: why there is no clip; None if there is one.
        video: file name of what is measured.
        audio: file name of its sound, where that is not the video's own.
        played: file name of what browsers can show.
        frames, media_seconds: length of the video.
        checksums: hash by file name, so that a file that was changed by hand or cut short is made again.
        description: what the generator says of itself.
    """

    identity: str = ""
    error: str | None = None
    video: str = ""
    audio: str | None = None
    played: str = ""
    frames: int = 0
    media_seconds: float = 0.0
    checksums: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, Any] = field(default_factory=dict)

    def clip(self, folder: Path) -> ClipFile | None:
        """The clip to be measured; None if there is none."""
        if self.error is not None:
            return None
        return ClipFile(folder / self.video, folder / self.audio if self.audio else None)

    def is_intact(self, folder: Path) -> bool:
        """Whether all files of the clip are what was stored."""
        try:
            return all(fingerprint.of_file(folder / name) == digest for name, digest in self.checksums.items())
        except OSError:
            return False


NOT_GENERATED = GeneratedClip(error="not generated yet")


def write_record(path: Path, record: GeneratedClip) -> None:
    """Keep the record; equal records give equal bytes."""
    with atomic(path) as temporary:
        temporary.write_bytes(_ADAPTER.dump_json(record, indent=1) + b"\n")


def read_record(path: Path) -> GeneratedClip:
    """What `write_record` kept; a record that is absent or damaged counts as a clip that was not generated."""
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return NOT_GENERATED


_ADAPTER = TypeAdapter(GeneratedClip)
