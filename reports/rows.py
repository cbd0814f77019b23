"""Rows of a results file that are too many to stand in it: a file beside it, one JSON object a line.

A study of a million clips has half a gigabyte of rows, of which nobody needs all at once as text. They are written and
read one by one; the results file keeps their number and hash, so that no other rows pass for them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from reports.writing import streaming

FILE = "clips.jsonl"
MOST_INSIDE = 50_000
"""Clips that stand in the results file itself, 25 MB of them."""
LONGEST = 16 << 20
"""Bytes of a row; a text has a mebibyte at the most."""
_OWN = ("file", "error")
"""Fields of text that no two rows share."""


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Write the file, and return what `read_rows` wants to be told of it; equal rows give equal bytes."""
    count, digest = 0, hashlib.sha256()
    with streaming(path) as file:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
            file.write(line)
            digest.update(line)
            count += 1
    return {"file": path.name, "rows": count, "sha256": digest.hexdigest()}


def read_rows(path: Path, told: Any) -> Iterator[dict[str, Any]]:
    """The rows, of which equal texts are one object. Take them all: that they are the right ones is seen at the end.

    Args:
        path: the results file's own name for the file is not followed; this is where it lies.
        told: what `write_rows` returned, from a file that anybody may have written.

    Raises:
        ValueError: these are no rows, or not those that are told of; the message follows the name of the file.
        OSError: the file cannot be read.
    """
    if not path.is_file():
        raise ValueError("is not there" if not path.exists() else "is no regular file")
    if not isinstance(told, dict) or told.keys() != {"file", "rows", "sha256"} or told["file"] != path.name:
        raise ValueError("is not what the results name")
    count, digest, shared = 0, hashlib.sha256(), dict[str, str]()
    with path.open("rb") as file:
        while line := file.readline(LONGEST + 1):
            digest.update(line)
            count += 1
            if len(line) > LONGEST:
                raise ValueError(f"has a row of more than {LONGEST >> 20} MiB, row {count}")
            try:
                row = json.loads(line, parse_constant=_refused)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"is damaged in row {count}") from error
            if not isinstance(row, dict):
                raise ValueError(f"holds no clip in row {count}")
            yield {
                name: shared.setdefault(value, value) if isinstance(value, str) and name not in _OWN else value
                for name, value in row.items()
            }
    if (told["rows"], told["sha256"]) != (count, digest.hexdigest()):
        raise ValueError("belongs to other results")


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)
