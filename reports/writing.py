"""Writing a report's files: under a temporary name, then renamed, so that none is ever half there."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""Faults of the machine, which the caller tells as those of any other file."""


def write(path: Path, text: str) -> None:
    """Write a text file in one step; a character that UTF-8 lacks is escaped, as JSON escapes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
