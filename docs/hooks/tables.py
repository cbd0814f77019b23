"""The tables of a Markdown page, and the rows of them that name a metric."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

_RULE = re.compile(r"\|[\s:|-]+\|")


@dataclass(frozen=True)
class Found:
    """A table: the page's title, the heading above it, its header and rows of cells."""

    page: str
    section: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def of(self, names: Iterable[str]) -> Found:
        """Only the rows whose first cell names one of the metrics; a name may end in a star."""
        wanted = list(names)
        return replace(self, rows=tuple(row for row in self.rows if any(_names(row[0], name) for name in wanted)))


def tables_of(path: Path) -> list[Found]:
    """All tables of a page, in their order."""
    page = section = ""
    found: list[Found] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for place, line in enumerate(lines):
        if line.startswith("#"):
            section = line.lstrip("# ")
            page = page or section
        elif _RULE.fullmatch(line.strip()) and place:
            header = _cells(lines[place - 1])
            rows = []
            for below in lines[place + 1 :]:
                if not below.startswith("|"):
                    break
                rows.append(_cells(below))
            found.append(Found(page, section, header, tuple(row for row in rows if len(row) == len(header))))
    return found


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|")))


def _names(cell: str, name: str) -> bool:
    said = [part.strip("` *") if part.strip().startswith("`") else part.strip() for part in cell.split(",")]
    return any(part == name or (part.endswith("*") and fnmatch(name, part)) for part in said)
