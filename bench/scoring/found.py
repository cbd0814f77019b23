"""The clips that a folder holds, in whatever form: files, folders of pictures, sound alone."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.datasets.dataset import Sample
from bench.datasets.folder import Folder
from bench.datasets.keys import safe_keys
from bench.datasets.picture_folders import picture_folders
from bench.datasets.soundtracks import SOUND_SUFFIXES
from bench.errors import UserMistake
from bench.files import obstacle
from bench.media.clip_file import ClipFile
from bench.run.selection import clip_file

_LICENCE = "unknown: the folder's owner must know the terms"


@dataclass
class Found:
    """What lies in one folder.

    Attributes:
        clips: by key.
        places: by key, the path below the folder, without suffix.
        samples: by key, as a dataset has them, for what is written down beside the clips.
        passed_over: reason by file for what is no clip.
    """

    clips: dict[str, ClipFile] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    samples: dict[str, Sample] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, clip: ClipFile, sample: Sample) -> None:
        """One more clip."""
        self.clips[sample.key], self.places[sample.key], self.samples[sample.key] = clip, place, sample


def found_clips(folder: Path, side: str, rate: float | None = None) -> Found:
    """Video files, folders of numbered pictures and, where there are neither, files of sound.

    Args:
        side: how files are called in `passed_over`, "real" or "generated".
        rate: frames per second of folders of pictures; without it they are passed over.

    Raises:
        UserMistake: there is nothing of the kind; there are only folders of pictures, and no rate.
    """
    found = Found()
    try:
        index = Folder(rate).load(folder)
    except UserMistake:
        if not folder.is_dir():
            raise
        if rate is None and picture_folders(folder):
            raise UserMistake(
                f"{folder} holds folders of pictures, which do not tell how many make a second: say so with --fps."
            ) from None
        if not (sounds := _sounds(folder)):
            raise
        _add_sounds(found, folder, sounds)
        return found
    for f in index.findings:
        found.passed_over[f"{side}/{f.subject}"] = f"{f.reason} ({f.detail})" if f.detail else f.reason
    for sample in index.samples:
        place = sample.clip.relative_to(folder)
        found.add((place if sample.rate else place.with_suffix("")).as_posix(), clip_file(sample), sample)
    return found


def _add_sounds(found: Found, folder: Path, sounds: list[Path]) -> None:
    names = [path.relative_to(folder) for path in sounds]
    stems = [name.with_suffix("").as_posix() for name in names]
    counts = Counter(stems)
    places = [stem if counts[stem] == 1 else name.as_posix() for stem, name in zip(stems, names, strict=True)]
    keys = safe_keys([place.replace("/", "-") for place in places], places)
    for path, place, key in zip(sounds, places, keys, strict=True):
        found.add(place, ClipFile(path), Sample(key, path, _LICENCE))


def _sounds(root: Path) -> list[Path]:
    """The files of sound below a folder, hidden ones left out."""
    found: list[Path] = []
    for at, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(at) / name for name in sorted(files) if not name.startswith(".")]
        found += [path for path in paths if path.suffix.lower() in SOUND_SUFFIXES and obstacle(path) is None]
    return found
