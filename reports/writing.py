"""Writing a report's files: under a temporary name, then renamed, so that none is ever half there."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""Faults of the machine, which the caller tells as those of any other file."""
_NOTED: ContextVar[dict[Path, str] | None] = ContextVar("noted", default=None)


@contextmanager
def writing_to(what: str, mend: str) -> Iterator[None]:
    """A folder that cannot be written to is one sentence.

    Args:
        what: the folder with its role, for example "the report demo-run/report".
        mend: what to do about it.

    Raises:
        ResultsError: with the sentence.
    """
    from reports.results import ResultsError  # whose module writes through this one

    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise
        raise ResultsError(f"Cannot write {what} ({error.strerror or error}): {mend}.") from error


@contextmanager
def noted() -> Iterator[dict[Path, str]]:
    """Note the files that are written inside the block, and the sha256 of each."""
    written: dict[Path, str] = {}
    token = _NOTED.set(written)
    try:
        yield written
    finally:
        _NOTED.reset(token)


def write(path: Path, text: str) -> None:
    """Write a text file in one step; a character that UTF-8 lacks is escaped, as JSON escapes it."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step."""
    with streaming(path) as file:
        file.write(content)
    if (written := _NOTED.get()) is not None:
        written[path] = hashlib.sha256(content).hexdigest()


@contextmanager
def streaming(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which has its name when all is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
