"""Clips that exist already: made elsewhere, by any generator, one media file per prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from narrator.contract import FinishedClip, GenerationFailed, Prompt

MEDIA_SUFFIXES = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".mpg", ".mpeg", ".m4v")


class Folder:
    """Answers a prompt with ROOT/KEY.mp4 (or .mkv, .mov, ...), or with the one KEY.* in any folder below ROOT.

    Args:
        root: the folder; may hold one folder per dataset.
    """

    name = "folder"

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        if not self._root.is_dir():
            raise NotADirectoryError(f"generator 'folder': {root} is not a folder; name the folder with the clips.")
        self._below: dict[str, list[Path]] | None = None

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """The clip; `GenerationFailed` where it is missing, empty or not the only one."""
        key = PurePosixPath(prompt.key)
        if key.is_absolute() or ".." in key.parts:
            raise GenerationFailed(f"the key {prompt.key!r} points outside the folder {self._root.name}")
        names = [f"{prompt.key}{suffix}" for suffix in MEDIA_SUFFIXES]
        direct = [path for path in (self._root / name for name in names) if path.is_file()]
        found = direct or self._clips_below().get(key.name, [])
        if not found:
            raise GenerationFailed(
                f"no clip in folder {self._root}: looked for {', '.join(names)}, also in its subfolders"
            )
        if len(found) > 1:
            raise GenerationFailed(f"several clips answer to {prompt.key!r}: {', '.join(map(str, found))}; keep one")
        if not found[0].stat().st_size:
            raise GenerationFailed(f"the clip {found[0]} is empty")
        return FinishedClip(found[0])

    def inputs(self, prompt: Prompt) -> list[Path]:
        """The files of the clip."""
        return self(prompt).files()

    def describe(self) -> Mapping[str, Any]:
        """The folder."""
        return {"root": str(self._root)}

    def _clips_below(self) -> dict[str, list[Path]]:
        """Media files below the root by name without suffix; listed once."""
        if self._below is None:
            self._below = {}
            for path in sorted(self._root.rglob("*")):
                if path.suffix.lower() in MEDIA_SUFFIXES and path.is_file():
                    self._below.setdefault(path.stem, []).append(path)
        return self._below
