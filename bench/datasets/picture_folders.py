"""Folders of numbered pictures below a root: each is a clip whose frame rate somebody must tell."""

from __future__ import annotations

import os
from pathlib import Path

from bench.datasets.soundtracks import SOUND_SUFFIXES
from bench.datasets.tree import is_utf8
from bench.files import obstacle
from bench.media.container import UnreadableClip
from bench.media.picture_folder import is_clip_of_pictures


def picture_folders(root: Path) -> list[Path]:
    """The root itself and the folders below it that hold the frames of a clip, sorted; those inside one are not.

    The folder `images` of the paper's layout holds driving images, and is none.
    """
    found: list[Path] = []
    for at, folders, _ in os.walk(root):
        here = Path(at)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and is_utf8(name))
        if "texts" in folders:
            folders[:] = [name for name in folders if name not in ("images", "texts", "ref_audios")]
        if _holds_frames(here):
            found.append(here)
            folders[:] = []
    return found


def sound_of(pictures: Path) -> Path | None:
    """NAME.wav (.flac, ...) beside the folder NAME, else the one sound file in it."""
    beside = [pictures.parent / f"{pictures.name}{suffix}" for suffix in SOUND_SUFFIXES]
    if found := next((path for path in beside if obstacle(path) is None), None):
        return found
    inside = [path for path in sorted(pictures.iterdir()) if path.suffix.lower() in SOUND_SUFFIXES]
    return inside[0] if len(inside) == 1 and obstacle(inside[0]) is None else None


def _holds_frames(folder: Path) -> bool:
    try:
        return is_clip_of_pictures(folder)
    except UnreadableClip:  # it cannot be listed
        return False
