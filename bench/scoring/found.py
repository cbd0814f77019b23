"""The clips that a folder holds, in whatever form: files, folders of pictures, sound alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.datasets.dataset import Sample
from bench.datasets.folder import Folder
from bench.datasets.keys import safe_keys
from bench.datasets.soundtracks import SOUND_SUFFIXES
from bench.datasets.tree import VIDEO_SUFFIXES, printable
from bench.errors import UserMistake
from bench.files import obstacle
from bench.media.clip_file import ClipFile
from bench.media.container import UnreadableClip
from bench.media.picture_folder import is_clip_of_pictures
from bench.run.selection import clip_file

_LICENCE = "unknown: the folder's owner must know the terms"
_UNRATED = "a folder of pictures, whose frames per second --fps would tell"


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
    pictures, sounds = _others(folder) if folder.is_dir() else ([], [])
    try:
        index = Folder().load(folder)
    except UserMistake:
        if not (pictures or sounds):
            raise
    else:
        for f in index.findings:
            found.passed_over[f"{side}/{f.subject}"] = f"{f.reason} ({f.detail})" if f.detail else f.reason
        for sample in index.samples:
            place = sample.clip.relative_to(folder).with_suffix("").as_posix()
            found.add(place, clip_file(sample), sample)
    if pictures and rate is None:
        if not found.clips:
            raise UserMistake(
                f"{folder} holds folders of pictures, which do not tell how many make a second: say so with --fps."
            )
        found.passed_over |= {f"{side}/{_name(path, folder)}": _UNRATED for path in pictures}
    elif pictures:
        _add(found, folder, pictures, rate)
    if not found.clips:
        _add(found, folder, sounds, None)
    return found


def _add(found: Found, folder: Path, paths: list[Path], rate: float | None) -> None:
    """Folders of pictures, with the sound beside or in them; or, without a rate, files of sound."""
    places = [path.relative_to(folder).as_posix() if path != folder else path.absolute().name for path in paths]
    if rate is None:
        stems = [str(Path(place).with_suffix("")) for place in places]
        places = [stem if stems.count(stem) == 1 else place for stem, place in zip(stems, places, strict=True)]
    keys = safe_keys([place.replace("/", "-") for place in places], places)
    for path, place, key in zip(paths, places, keys, strict=True):
        if key in found.clips:
            found.passed_over[_name(path, folder)] = "a clip of this name lies beside it"
        else:
            clip = ClipFile(path, _sound_of(path) if rate else None, rate)
            found.add(place, clip, Sample(key, path, _LICENCE))


def _others(root: Path) -> tuple[list[Path], list[Path]]:
    """Folders of numbered pictures, and files of sound, below a folder."""
    pictures: list[Path] = []
    sounds: list[Path] = []
    for at, folders, files in os.walk(root):
        here = Path(at)
        prepared = "texts" in folders
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if not (here.name == "images" and (here.parent / "texts").is_dir()) and _holds_frames(here):
            pictures.append(here)
            folders[:] = []
        if prepared:
            folders[:] = [name for name in folders if name not in ("images", "texts", "ref_audios")]
        sounds += [
            here / name for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in SOUND_SUFFIXES and not obstacle(here / name)
        ]  # fmt: skip
    return pictures, sounds


def _holds_frames(folder: Path) -> bool:
    try:
        return is_clip_of_pictures(folder)
    except UnreadableClip:  # it cannot be listed
        return False


def _sound_of(pictures: Path) -> Path | None:
    """NAME.wav (.flac, ...) beside the folder NAME, else the one sound file in it."""
    beside = [pictures.parent / f"{pictures.name}{suffix}" for suffix in SOUND_SUFFIXES]
    inside = [path for path in _listed(pictures) if path.suffix.lower() in SOUND_SUFFIXES]
    candidates = [path for path in beside if obstacle(path) is None] or (inside if len(inside) == 1 else [])
    return candidates[0] if candidates else None


def _listed(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.suffix.lower() not in VIDEO_SUFFIXES)


def _name(path: Path, folder: Path) -> str:
    return printable(path.relative_to(folder).as_posix() if path != folder else path.name)
