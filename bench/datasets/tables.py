"""Metadata files as people have them: their encodings, delimiters and blanks; what is broken is named with its line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.errors import UserMistake
from bench.files import UnreadableFile, as_text, read_small

_MOST = 256 << 20
"""Bytes; the largest table that is known, celebvhq_info.json, has 19 MB."""

_DELIMITERS = ",\t;|"


def text_of(path: Path) -> str:
    """The text of a metadata file.

    Raises:
        UserMistake: it cannot be read as UTF-8.
    """
    try:
        return as_text(read_small(path, _MOST))
    except UnreadableFile as error:
        raise UserMistake(f"The metadata file {path} cannot be used: {error}.") from error


def rows(path: Path, needed: tuple[str, ...] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """A table's rows, each with the number of its line, blanks around names and cells stripped.

    The delimiter is that of `, tab ; |` which the header holds most often. A column without a name has the key "".

    Args:
        needed: columns that there must be.

    Raises:
        UserMistake: the file is no such table.
    """
    lines = text_of(path).splitlines(keepends=True)
    header = lines[0] if lines else ""
    table = csv.reader(lines, delimiter=max(_DELIMITERS, key=header.count), strict=True)
    try:
        names = [name.strip() for name in next(table, [])]
        if lacking := [name for name in needed if name not in names]:
            raise UserMistake(
                f"The metadata file {path}, line 1, lacks the column {' and '.join(lacking)}: its header must name the "
                "columns, parted by commas, tabs or semicolons; download it again."
            )
        for row in table:
            if any(cell.strip() for cell in row):
                yield table.line_num, dict(zip(names, (cell.strip() for cell in row), strict=False))
    except csv.Error as error:
        raise UserMistake(f"The metadata file {path} is broken at line {table.line_num} ({error}).") from error


def json_object(path: Path, kind: str) -> Mapping[str, Any]:
    """The object that a JSON file holds, which is a file of such a kind.

    Raises:
        UserMistake: it is no JSON, or JSON of another kind.
    """
    try:
        content = json.loads(text_of(path))
        json.dumps(content, ensure_ascii=False).encode()  # halves of characters could not be written down again
    except (ValueError, RecursionError) as error:  # RecursionError: brackets nested by the thousand
        raise UserMistake(f"{path} is no {kind} ({error}); download it again.") from error
    if not isinstance(content, dict):
        raise UserMistake(f"{path} is no {kind} (it holds no JSON object); download it again.")
    return content
