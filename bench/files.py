"""Files: only regular ones are read; what is written survives being killed at any moment and notices damage."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.errors import UserMistake


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not.

    A process that is killed leaves the temporary file behind. Its name begins with a dot, and hidden files are neither
    clips nor results, so it only takes room.
    """
    handle, name = _temporary(path)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _temporary(path: Path) -> tuple[int, str]:
    """An open file beside `path` and its name; the folder is made where it is missing."""
    # The stem is cut so that a name of the longest allowed length still has room for the random letters.
    prefix = f".{path.stem[:50]}."
    try:
        return tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal content gives equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The JSON content of a file, or None where there is no such file or it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


class Damaged(UserMistake):
    """A file of a run is not what was written; the message names it."""


def write_checked(path: Path, content: bytes | memoryview) -> None:
    """Write bytes behind their checksum: a line of 64 hex digits, the SHA-256 of what follows."""
    handle, name = _temporary(path)
    try:
        with open(handle, "wb") as file:  # a study writes millions of these, so with no more calls than it takes
            file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def read_checked(path: Path) -> bytes:
    """What `write_checked` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        Damaged: it was cut short or changed.
    """
    checksum, _, content = path.read_bytes().partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != checksum:
        raise Damaged(f"{path} is damaged; delete it and run again.")
    return content


class UnreadableFile(ValueError):
    """A small file that cannot be read as text; the message is the reason, as the end of a sentence on the file."""


def obstacle(path: Path) -> str | None:
    """Why no file can be read at `path`; None where a regular file stands there, itself or at the end of links.

    Nothing else may be opened: a FIFO would block for ever, and a device has no end.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "a link to nothing" if os.path.islink(path) else "there is no such file"
    except (OSError, ValueError) as error:  # links in a circle, a name too long or with a zero byte, no permission
        return f"it cannot be reached ({getattr(error, 'strerror', None) or error})"
    if not stat.S_ISREG(mode):
        return f"not a regular file: {_KINDS.get(stat.S_IFMT(mode), 'of an unknown kind')}"
    return None if os.access(path, os.R_OK) else "there is no permission to read it"


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def read_small(path: Path, most: int) -> bytes:
    """The content of a regular file of no more than `most` bytes.

    Raises:
        UnreadableFile: it is larger, or cannot be read.
    """
    if reason := obstacle(path):
        raise UnreadableFile(reason)
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:  # it may have vanished since
        raise UnreadableFile(f"it cannot be read ({error.strerror})") from error
    if len(content) > most:
        raise UnreadableFile(f"it is larger than {most >> 10} KiB")
    return content


def refuse_utf16(content: bytes) -> None:
    """Raise `UnreadableFile` where a text begins as UTF-16 does, with its mark or with half a letter of ASCII."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:2]:
        raise UnreadableFile("it is UTF-16; save it as UTF-8")


def as_text(content: bytes) -> str:
    """UTF-8 text, a byte-order mark dropped.

    Raises:
        UnreadableFile: it is in another encoding, or holds zero bytes.
    """
    refuse_utf16(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(f"line {line} is not UTF-8; save it as UTF-8") from error
    if "\0" in text:
        raise UnreadableFile("it holds zero bytes, so it is no text; save it as UTF-8")
    return text
