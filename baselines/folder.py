"""Clips that exist already: made elsewhere, by any generator, one media file per prompt."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import narrator.options as options
from narrator.contract import FinishedClip, GenerationFailed, Prompt, ReferenceClip
from narrator.options import shown

MEDIA_SUFFIXES = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".mpg", ".mpeg", ".m4v", ".gif")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
SOUND_SUFFIXES = (".wav", ".flac")


class Folder:
    """Answers a prompt with ROOT/KEY.mp4 (or .mkv, .mov, ...), or with the one KEY.* in any folder below ROOT.

    Where there is none, the clip's own name in its dataset counts as the key does, unless several clips of the dataset
    have it. Composed and decomposed accents are the same, upper and lower case are not, but in suffixes. Hidden files
    are no clips, and neither is what is no regular file. The sound of a clip is KEY.wav beside it, else KEY.flac, else
    its own. With `fps`, a folder KEY/ of numbered pictures is a clip as well, with its sound beside it.

    Args:
        root: the folder; may hold one folder per dataset.
        study_folder: where a relative root starts; the harness fills it.
        fps: frames per second of clips that are folders of pictures.

    Raises:
        ValueError: the root is not a folder, or fps is none.
    """

    name = "folder"

    def __init__(self, root: str | Path, study_folder: str | Path = ".", fps: float | None = None) -> None:
        self._root = options.folder(f"generator '{self.name}': root", root, study_folder)
        self._fps = None if fps is None else options.number(f"generator '{self.name}': fps", fps, 0.1, 1000)
        self._shared_names: frozenset[str] = frozenset()

    def for_dataset(self, clips: Sequence[ReferenceClip]) -> Folder:
        """The same folder, for these clips: a name that several of them have stands for none of them."""
        bound = Folder(self._root, fps=self._fps)
        counts = Counter(_composed(clip.path.stem) for clip in clips)
        bound._shared_names = frozenset(name for name, count in counts.items() if count > 1)
        return bound

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """The clip; `GenerationFailed` where it is missing, empty or not the only one."""
        key = PurePosixPath(prompt.key)
        if key.is_absolute() or ".." in key.parts:
            raise GenerationFailed(f"the key {prompt.key!r} points outside the folder {self._root.name}")
        found = self._listing.find(prompt.key)
        if not found and prompt.name:
            found = self._listing.find(prompt.name)
            if found and _composed(prompt.name) in self._shared_names:
                raise GenerationFailed(
                    f"several clips of the dataset are called {shown(prompt.name)}; name the generated ones by their"
                    f" keys, this one {prompt.key}{found[0].suffix}"
                )
        if not found:
            raise GenerationFailed(self._missing(prompt))
        if len(found) > 1:
            several = ", ".join(shown(str(path)) for path in found)
            raise GenerationFailed(f"several clips answer to {prompt.key!r}: {several}; keep one")
        if found[0].is_dir():
            return FinishedClip(found[0], _sound_beside(found[0], found[0].name), rate=self._fps)
        if not found[0].stat().st_size:
            raise GenerationFailed(f"the clip {shown(str(found[0]))} is empty")
        return FinishedClip(found[0], _sound_beside(found[0], found[0].stem))

    def inputs(self, prompt: Prompt) -> list[Path]:
        """The files of the clip."""
        return self(prompt).files()

    def describe(self) -> Mapping[str, Any]:
        """The folder."""
        return {"root": str(self._root)} | ({"fps": self._fps} if self._fps else {})

    @cached_property
    def _listing(self) -> _Listing:
        return _Listing.of(self._root, pictures=self._fps is not None)

    def _missing(self, prompt: Prompt) -> str:
        names = [f"{prompt.key}{suffix}" for suffix in MEDIA_SUFFIXES]
        own = f" or {shown(prompt.name)} with these suffixes" if prompt.name not in ("", prompt.key) else ""
        hints = [
            hint
            for name in dict.fromkeys((prompt.key, prompt.name))
            for hint in self._listing.hints.get(_composed(PurePosixPath(name).name).casefold(), [])
        ]
        return "; ".join(
            [f"no clip in folder {self._root}: looked for {', '.join(names)}{own}, also in its subfolders", *hints]
        )


@dataclass(frozen=True)
class _Listing:
    """The clips below a folder, by name without suffix: that from the folder on, and the last part alone.

    Attributes:
        hints: sentences on entries that are no clip, or whose name differs in case, by lower-case last part.
    """

    places: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    stems: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    hints: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @staticmethod
    def of(root: Path, pictures: bool = False) -> _Listing:
        listing = _Listing()
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted([*names, *folders]):
                path = Path(folder) / name
                if path.suffix.lower() in MEDIA_SUFFIXES and not name.startswith("."):
                    listing._add(path, root)
            if pictures:
                for name in folders:
                    if _holds_pictures(Path(folder) / name):
                        listing._add_pictures(Path(folder) / name, root)
        return listing

    def find(self, name: str) -> list[Path]:
        """The clips of that name: directly where it says, else anywhere."""
        name = _composed(name)
        return self.places.get(name) or self.stems.get(PurePosixPath(name).name, [])

    def _add_pictures(self, path: Path, root: Path) -> None:
        self.places[_composed(path.relative_to(root).as_posix())].append(path)
        self.stems[_composed(path.name)].append(path)

    def _add(self, path: Path, root: Path) -> None:
        stem = _composed(path.stem)
        if (kind := _no_clip(path)) is None:
            self.places[_composed(path.relative_to(root).with_suffix("").as_posix())].append(path)
            self.stems[stem].append(path)
            kind = "differs in upper and lower case"
        self.hints[stem.casefold()].append(f"{shown(str(path))} {kind}")


def _no_clip(path: Path) -> str | None:
    """Why an entry cannot be a clip; it is not opened."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"cannot be followed ({error.strerror})"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def _holds_pictures(folder: Path) -> bool:
    """Whether a folder holds a picture whose name ends in a number."""
    try:
        names = [PurePosixPath(name) for name in os.listdir(folder)]
    except OSError:
        return False
    return any(name.suffix.lower() in PICTURE_SUFFIXES and name.stem[-1:].isdigit() for name in names)


def _sound_beside(clip: Path, stem: str) -> Path | None:
    """The lossless sound of a clip in a file of its own."""
    beside = (clip.with_name(f"{stem}{suffix}") for suffix in SOUND_SUFFIXES)
    return next((path for path in beside if path.is_file()), None)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
