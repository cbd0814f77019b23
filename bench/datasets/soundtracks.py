"""Sound that lies in files of its own: beside the clips, or in a tree of sounds beside the tree of clips."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from bench.files import obstacle

LOSSLESS = (".wav", ".flac")
SOUND_SUFFIXES = (*LOSSLESS, ".m4a", ".aac", ".opus", ".ogg", ".mp3")
_WORDS = ("audio", "audios", "wav", "wavs", "aac", "m4a", "flac", "opus", "ogg", "mp3")
_SOUND = re.compile("|".join(_WORDS), re.IGNORECASE)
_PICTURES = re.compile(r"mp4|videos?|clips?", re.IGNORECASE)
_LEVELS = 4
"""Folders above a clip beside which sounds are sought: dev/mp4/SPEAKER/VIDEO is the deepest layout that is known."""

WHERE_SOUND_IS_SOUGHT = (
    f"sound in a file of its own would be found: NAME{', '.join(SOUND_SUFFIXES)} beside the clip, or at the same "
    f"place below a folder {', '.join(_WORDS)} beside the clips' folder"
)


class Soundtracks:
    """Finds the sound files of the clips below one root.

    `NAME.wav` (or .flac, .m4a, ...) beside `NAME.mp4`; else under a folder named for sound beside one of the folders
    above the clip: `original_videos/` with `audios/`, `split_5s_video/` with `split_5s_audio/`, `clips/` with `audio/`,
    `dev/mp4/SPEAKER/VIDEO/` with `dev/aac/SPEAKER/VIDEO/` or `wav/SPEAKER/VIDEO/`, `vox2_test_mp4/mp4/...` with
    `vox2_test_aac/aac/...`. Lossless files come first. The root may be any level of a layout, so the folder beside it
    counts as well. Every folder is listed once.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places: Callable[[Path], list[Path]] = lru_cache(1024)(lambda at: [at, *self._elsewhere(at)])
        self._files: Callable[[Path], dict[tuple[str, str], str]] = lru_cache(1024)(_files)
        self._sound_folders: Callable[[Path], dict[str, str]] = lru_cache(1024)(_sound_folders)

    def of(self, clip: Path) -> Path | None:
        """The sound file of a clip, if it has one."""
        for suffix in SOUND_SUFFIXES:
            for place in self._places(clip.parent):
                name = self._files(place).get((clip.stem, suffix))
                if name and obstacle(place / name) is None:
                    return place / name
        return None

    def _elsewhere(self, folder: Path) -> Iterator[Path]:
        """Folders that may hold sounds for the clips in `folder`, the nearest first."""
        below: tuple[str, ...] = ()
        for above in [folder, *folder.parents][:_LEVELS]:
            beside = self._sound_folders(above.parent)
            for name in dict.fromkeys([*(_PICTURES.sub(word, above.name).lower() for word in _WORDS), *_WORDS]):
                if beside.get(name, above.name) != above.name:
                    yield from (above.parent / beside[name] / path for path in _mirrored(above.name, below))
            if above == self._root:
                return
            below = (above.name, *below)


def _mirrored(name: str, below: tuple[str, ...]) -> Iterator[Path]:
    """Where a tree of sounds may keep what the tree of clips keeps in NAME/BELOW; words for pictures fall away."""
    kept = [part for part in below if not _PICTURES.fullmatch(part)]
    if not _PICTURES.search(name):
        yield Path(name, *kept)
    yield Path(*kept)
    if len(kept) < len(below):
        yield from (Path(*(word if _PICTURES.fullmatch(part) else part for part in below)) for word in _WORDS)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:  # no folder, or one that may not be listed
        return []


def _files(folder: Path) -> dict[tuple[str, str], str]:
    """The names in a folder by stem and suffix."""
    return {(stem, suffix.lower()): name for name in _names(folder) for stem, suffix in [os.path.splitext(name)]}


def _sound_folders(folder: Path) -> dict[str, str]:
    """The names in a folder that speak of sound, by their lower-case spelling."""
    return {name.lower(): name for name in _names(folder) if _SOUND.search(name)}
