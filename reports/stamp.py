"""Whether what was drawn of a run still stands, so that a run that is started again does not draw the same once more.

Beside what is drawn lies a hidden file, the stamp, that is written last: a hash of everything that was drawn from, and
of each file its size, its hash and when its inode last changed. No user sets that time, and no copy or archive keeps
it: what was edited, cut short, deleted or brought from elsewhere, stamp and all, is drawn anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reports.writing import noted, write

DRAWN_WITH = (
    "fonttools", "jinja2", "kiwisolver", "markupsafe", "matplotlib", "numpy", "pandas", "pillow", "pydantic",
    "pydantic-core", "scipy", "vl-convert-python",
)  # fmt: skip
"""Packages that the bytes of a report depend on."""
LARGEST = 1 << 20
"""Bytes of a stamp; those of a report have ten kilobytes."""
MOST_HASHED = 8 << 30
"""Bytes of a file; the clips of ten million prompts have less, and what is refused for its size is not hashed first."""


@dataclass(frozen=True)
class Stamp:
    """Of what is drawn from some files of a folder, and below the same folder.

    Attributes:
        folder: of both.
        name: of the stamp in it.
        read: names of all files that are drawn from; one that is not there is a fact like any other.
    """

    folder: Path
    name: str
    read: tuple[str, ...]

    def holds(self, needed: Path) -> bool:
        """Whether everything would be drawn with the bytes that are there, the file `needed` among them."""
        try:
            stamp = self.folder / self.name
            if not stat.S_ISREG(stamp.lstat().st_mode) or stamp.stat().st_size > LARGEST:
                return False
            content = json.loads(stamp.read_bytes())
            files: dict[str, Any] = content["files"]
            return (
                needed.relative_to(self.folder).as_posix() in files
                and all(_state(self.folder / name) == told for name, told in files.items())
                and content["from"] == self._origin()
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return False  # there is none, or none that could be ours

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Stamp what is written inside, by `reports.writing`, when all of it is there."""
        origin = self._origin()  # before anything is read: what changes meanwhile is drawn anew the next time
        with noted() as written:
            yield
        files = {path.relative_to(self.folder).as_posix(): _state(path, digest) for path, digest in written.items()}
        if origin is not None:
            write(self.folder / self.name, json.dumps({"from": origin, "files": files}, indent=1) + "\n")

    def _origin(self) -> str | None:
        """A hash of all that is drawn from; None where a file cannot be read."""
        try:
            read = {name: _digest(self.folder / name) for name in self.read}
            return hashlib.sha256(json.dumps([read, _sources(), _versions()]).encode()).hexdigest()
        except OSError:
            return None


def _state(path: Path, digest: str | None = None) -> list[Any]:
    """What is known of a drawn file; raises `OSError` where it is no regular one itself."""
    known = path.lstat()
    if not stat.S_ISREG(known.st_mode):
        raise OSError(f"{path} is no regular file")
    return [known.st_size, digest or _digest(path), known.st_ctime_ns]


def _digest(path: Path) -> str | None:
    """The hash of a file, None where there is none; raises `OSError` where it cannot be read."""
    if not os.path.lexists(path):
        return None
    known = path.stat()
    if not stat.S_ISREG(known.st_mode) or known.st_size > MOST_HASHED:  # a FIFO would block for ever
        raise OSError(f"{path} is no regular file of a sensible size")
    with path.open("rb") as file:
        hashed = hashlib.sha256()
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


@cache
def _sources() -> dict[str, str | None]:
    """Hashes of this package's files: code, templates, scripts and styles."""
    root = Path(__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(root).as_posix(): _digest(path) for path in files}


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in DRAWN_WITH:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
