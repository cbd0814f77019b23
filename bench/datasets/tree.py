"""What lies below a dataset's root: clips, other files, and a finding for whatever must not or cannot be read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.dataset import Finding
from bench.errors import UserMistake
from bench.files import obstacle

VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".f4v", ".3gp", ".3g2", ".mpg", ".mpeg", ".vob", ".ts", ".m2ts", ".mts", ".avi",
    ".divx", ".mkv", ".webm", ".flv", ".wmv", ".asf", ".ogv", ".gif",
})  # fmt: skip
"""Those of the containers that `bench.media` reads."""

_OTHER_VIDEO = frozenset({
    ".apng", ".mxf", ".rm", ".rmvb", ".y4m", ".yuv", ".swf", ".ivf", ".dv", ".nut", ".wtv", ".mjpg", ".mjpeg",
    ".m1v", ".m2v", ".h264", ".264", ".h265", ".265", ".hevc", ".av1", ".obu", ".m3u8", ".mpd", ".m4s",
})  # fmt: skip
_UNFINISHED = frozenset({".part", ".crdownload", ".partial", ".download"})


@dataclass(frozen=True)
class Tree:
    """The files below a root.

    Attributes:
        root: the folder.
        clips: video files, sorted, links followed.
        files: all other regular files' paths by name; of several with one name the first.
        findings: what looks like a clip and is none, and what is no regular file.
    """

    root: Path
    clips: tuple[Path, ...]
    files: Mapping[str, Path]
    findings: tuple[Finding, ...]

    def relative(self, path: Path) -> str:
        """The path as findings name it."""
        return printable(path.relative_to(self.root).as_posix())

    def parts(self, path: Path) -> tuple[str, ...]:
        """The folders above a clip, those of the root included, because the root may be any level of a layout."""
        return path.parent.absolute().parts


def walk(dataset: str, root: Path) -> Tree:
    """List everything below `root`.

    Raises:
        UserMistake: there is no such folder, or it cannot be listed.
    """
    _require_folder(dataset, root)
    clips: list[Path] = []
    files: dict[str, Path] = {}
    findings: list[Finding] = []
    seen: set[str] = set()
    pending = [root]
    while pending:
        folder = pending.pop()
        reason, entries = _entries(folder, seen)
        findings += [Finding(printable(folder.relative_to(root).as_posix()), reason)] if reason else []
        folders: list[Path] = []
        for entry in entries:
            path = Path(entry.path)
            if reason := _objection(entry):
                findings.append(Finding(printable(path.relative_to(root).as_posix()), reason))
            elif _is_folder(entry):
                folders.append(path)
            elif path.suffix.lower() in VIDEO_SUFFIXES:
                clips.append(path)
            else:
                files.setdefault(entry.name, path)
        pending += reversed(folders)
    return Tree(root, tuple(clips), files, tuple(findings))


def printable(name: str) -> str:
    """The name with everything spelt out that is not UTF-8 or would move the cursor."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _require_folder(dataset: str, root: Path) -> None:
    hint = "set the dataset's root to where its clips lie."
    try:
        os.scandir(root).close()
        str(root).encode()
    except FileNotFoundError as error:
        raise UserMistake(f"{dataset}: there is no folder {printable(str(root))}; {hint}") from error
    except UnicodeEncodeError as error:
        raise UserMistake(f"{dataset}: the folder's name, {printable(str(root))}, is not UTF-8; rename it.") from error
    except (OSError, ValueError) as error:  # a file, no permission, too long a name, a zero byte in it
        why = getattr(error, "strerror", None) or error
        raise UserMistake(f"{dataset}: {printable(str(root))} cannot be listed as a folder ({why}); {hint}") from error


def _entries(folder: Path, seen: set[str]) -> tuple[str | None, list[os.DirEntry[str]]]:
    """What stands in a folder, by name; nothing and a reason where it was listed before or cannot be."""
    real = os.path.realpath(folder)
    if real in seen:
        return "a link to a folder that is listed already", []
    seen.add(real)
    try:
        with os.scandir(folder) as entries:
            return None, sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        return f"a folder that cannot be listed ({error.strerror})", []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))


def _objection(entry: os.DirEntry[str]) -> str | None:
    """Why an entry is neither a folder to look into nor a file that may be opened."""
    suffix = os.path.splitext(entry.name)[1].lower()
    if _is_folder(entry):
        if suffix in VIDEO_SUFFIXES:
            return "a folder of pictures, not a clip"
        return None if is_utf8(entry.name) else "a folder whose name is not UTF-8"
    if not entry.is_file(follow_symlinks=False) and (reason := obstacle(Path(entry.path))):
        return reason
    if suffix in VIDEO_SUFFIXES:
        if entry.name.startswith("."):
            return "a hidden file"
        return None if is_utf8(entry.name) else "its name is not UTF-8"
    if suffix in _OTHER_VIDEO:
        return f"{suffix} files are not read; convert it to MP4"
    if suffix in _UNFINISHED and os.path.splitext(entry.name[: -len(suffix)])[1].lower() in VIDEO_SUFFIXES:
        return "an unfinished download"
    return None


def is_utf8(name: str) -> bool:
    """Whether a name can be written down: what is not UTF-8 on disk comes as halves of characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)
