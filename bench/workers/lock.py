"""A folder that one process at a time works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import UserMistake


@contextmanager
def locked(lock: Path, work: str) -> Iterator[None]:
    """Keep other processes from the same work; the lock ends with this process, however it ends.

    Args:
        lock: a file, made if need be; never removed.
        work: what is done, as the sentence names it, for example "this run in RUN".

    Raises:
        UserMistake: another process does it already.
    """
    with lock.open("a+", encoding="utf-8") as file:
        if not _taken(file.fileno()):
            file.seek(0)
            raise UserMistake(
                f"Another process ({file.read().strip() or 'unknown'}) works on {work}: "
                "wait until it ends, or choose another folder with --out."
            )
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}\n" if hasattr(os, "uname") else "")
        file.flush()
        yield


def _taken(file: int) -> bool:
    """Whether the lock could be had; on a file system without locks it always can."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
