"""What a dataset is: the samples that a folder holds, and a reason for everything in it that is no sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bench.datasets.soundtracks import LOSSLESS
from bench.media.clip import soundtrack_path
from bench.media.container import UnreadableClip, has_sound

NO_REFERENCE = "the prompt has no reference clip"


@dataclass(frozen=True, slots=True)
class Sample:
    """One reference clip, or a prompt of the user's own, which may be without one.

    Attributes:
        key: unique within the dataset also where case is ignored, stable, safe as a file name.
        path: the video file; None where a prompt has no reference clip.
        licence: the terms under which the clip may be used.
        speaker: who speaks; None if unknown. Clips of one speaker share it.
        split: "train", "dev", "test" or None.
        audio: a file of its own that holds the sound.
        transcript: what is said, where the dataset itself tells.
        metadata: what else the dataset tells of the clip, as it spells it.
        image: the driving image, where it lies in a file of its own; else it is a frame of the clip.
        voice: the voice profile, where the dataset says that it must be this file and no other.
        seed: the prompt's own; else it is derived from the study's.
        rate: frames per second, where `path` is a folder of numbered pictures.
    """

    key: str
    path: Path | None
    licence: str
    speaker: str | None = None
    split: str | None = None
    audio: Path | None = None
    transcript: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    image: Path | None = None
    voice: Path | None = None
    seed: int | None = None
    rate: float | None = None

    @property
    def clip(self) -> Path:
        """The reference clip.

        Raises:
            UnreadableClip: there is none; to be asked only where one is needed.
        """
        if self.path is None:
            raise UnreadableClip(Path(self.key), NO_REFERENCE)
        return self.path

    @property
    def soundtrack(self) -> Path:
        """The file to take the sound from: `audio`, else a WAV beside the clip, else the clip.

        A lossy `audio` serves only a clip that has no sound of its own.
        """
        if self.audio and (self.rate or self.audio.suffix.lower() in LOSSLESS or not has_sound(self.clip)):
            return self.audio
        return soundtrack_path(self.clip)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is no sample, or no usable one.

    Attributes:
        subject: a path relative to the root, a key, or a name that the metadata list.
        reason: one of few wordings, so that findings can be counted by it.
        detail: what is particular to this one.
    """

    subject: str
    reason: str
    detail: str = ""


NOT_ON_DISK = "listed in the metadata but not on disk"


@dataclass(frozen=True)
class DatasetIndex:
    """A dataset as it lies on this disk.

    Attributes:
        name: of the dataset.
        root: the folder.
        samples: in the order of their keys.
        findings: what was skipped.
        references: real clips that belong to no sample, against which distances between sets are measured.
    """

    name: str
    root: Path
    samples: tuple[Sample, ...]
    findings: tuple[Finding, ...]
    references: tuple[Sample, ...] = ()

    @cached_property
    def by_speaker(self) -> Mapping[str, tuple[Sample, ...]]:
        """The clips of each known speaker, in the order of their keys."""
        found: dict[str, list[Sample]] = {}
        for sample in self.samples:
            if sample.speaker and sample.path:
                found.setdefault(sample.speaker, []).append(sample)
        return {speaker: tuple(samples) for speaker, samples in found.items()}


@runtime_checkable
class Dataset(Protocol):
    """Anything with a name that can index a folder."""

    name: str

    def load(self, root: Path) -> DatasetIndex:
        """Index the folder; clips are opened only to tell copies from different clips of one name.

        Raises:
            UserMistake: no such folder, or none of this dataset's clips in it; the message says what was expected.
        """
        ...
