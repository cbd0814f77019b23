"""The table of a user's own prompts: a CSV with a text, an image and a voice in each row."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.datasets.dataset import Finding, Sample
from bench.datasets.keys import safe_keys
from bench.datasets.tables import text_of
from bench.datasets.tree import printable
from bench.errors import UserMistake
from bench.files import obstacle
from metrics.base.hints import nearest

NEEDED = ("text", "image", "voice")
OPTIONAL = ("reference", "key", "speaker", "seed")
_DELIMITERS = ",\t;|"
_FILES = ("image", "voice", "reference")
_LARGEST_SEED = 2**63


@dataclass
class PromptTable:
    """What a table holds.

    Attributes:
        samples: one for each usable row, in the order of the rows.
        findings: one for each row that is none, and for columns that are not known.
    """

    samples: list[Sample] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_table(path: Path, licence: str, anywhere: bool) -> PromptTable:
    """The prompts of a CSV; its relative paths start at its own folder.

    UTF-8 with or without a byte-order mark, any line ends, parted by commas, tabs, semicolons or bars. A row without a
    key is called after its image and a hash of all that it holds, so a key does not depend on other rows.

    Args:
        licence: of all samples.
        anywhere: whether files may lie outside the table's folder.

    Raises:
        UserMistake: it cannot be read as UTF-8, is no table, or lacks a needed column.
    """
    found = PromptTable()
    rows: list[tuple[str, dict[str, str]]] = []
    for place, row in _rows(path, found.findings):
        if problem := _problem(row, path.parent, anywhere):
            found.findings.append(Finding(place, *problem))
        else:
            rows.append((place, row))
    names = [row["key"] or _default_key(row) for _, row in rows]
    first: dict[str, str] = {}
    kept = []
    for (place, row), name in zip(rows, names, strict=True):
        if (earlier := first.setdefault(name.casefold(), place)) != place:
            twice = "a key that stands twice" if row["key"] else "the same prompt again"
            found.findings.append(Finding(place, twice, f"{printable(name)}: the first is {earlier}"))
        else:
            kept.append((name, row))
    for key, (_, row) in zip(safe_keys([name for name, _ in kept]), kept, strict=True):
        found.samples.append(_sample(key, row, path.parent, licence))
    return found


def _rows(path: Path, findings: list[Finding]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows that have as many cells as the header, by "NAME, line N", every known column in each."""
    text = text_of(path)
    header = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=header.count), strict=True)
    name = printable(path.name)
    try:
        columns = [column.strip().casefold() for column in next(table, [])]
        if lacking := [column for column in NEEDED if column not in columns]:
            raise UserMistake(
                f"The table {path} lacks the column {' and '.join(lacking)}: its first line must name the columns "
                f"{', '.join(NEEDED)} and may name {', '.join(OPTIONAL)}."
            )
        if twice := sorted({column for column in columns if column and columns.count(column) > 1}):
            raise UserMistake(f"The table {path} has two columns {', '.join(map(printable, twice))}: keep one.")
        for column in columns:
            if column and column not in NEEDED + OPTIONAL:
                hint = nearest(column, OPTIONAL).strip()
                findings.append(Finding(printable(column), "a column that is not read", hint))
        for cells in table:
            place = f"{name}, line {table.line_num}"
            row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
            if not any(cell.strip() for cell in cells):
                continue
            if any(cell.strip() for cell in cells[len(columns) :]):
                findings.append(
                    Finding(place, "more cells than columns", "put a text that holds the delimiter in quotes")
                )
            else:
                yield place, {column: row.get(column, "") for column in NEEDED + OPTIONAL}
    except csv.Error as error:
        raise UserMistake(
            f"The table {path} is broken at line {table.line_num} ({error}): quote cells as CSV does."
        ) from error


def _problem(row: Mapping[str, str], folder: Path, anywhere: bool) -> tuple[str, str] | None:
    """Why a row is no prompt: a reason and what is particular to it; None if it is one. No file is opened."""
    if not row["text"]:
        return "blank text", ""
    for column in _FILES:
        named = row[column]
        if not named:
            if column in NEEDED:
                return f"no {column}", ""
            continue
        if "\0" in named or "\n" in named:
            return f"the {column} is no path", printable(named)
        path = folder / named
        if not anywhere and not _inside(path, folder):
            return f"the {column} lies outside the table's folder", f"{printable(named)}; the option anywhere allows it"
        if reason := obstacle(path):
            return f"the {column} is not there" if not os.path.lexists(path) else f"the {column} is no file", (
                f"{printable(named)}: {reason}"
            )
    if row["seed"] and not (row["seed"].isascii() and row["seed"].isdigit() and int(row["seed"]) < _LARGEST_SEED):
        return "the seed is no whole number from 0 to 2^63 - 1", printable(row["seed"][:80])
    return None


def _inside(path: Path, folder: Path) -> bool:
    """Whether a path stays below a folder by its spelling; links are the user's own and are followed."""
    root = os.path.abspath(folder)
    return os.path.commonpath([root, os.path.abspath(path)]) == root


def _default_key(row: Mapping[str, str]) -> str:
    content = "\0".join(row[column] for column in NEEDED + OPTIONAL)
    return f"{Path(row['image']).stem}-{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _sample(key: str, row: Mapping[str, str], folder: Path, licence: str) -> Sample:
    return Sample(
        key=key,
        path=folder / row["reference"] if row["reference"] else None,
        licence=licence,
        speaker=row["speaker"] or None,
        transcript=row["text"],
        image=folder / row["image"],
        voice=folder / row["voice"],
        seed=int(row["seed"]) if row["seed"] else None,
    )
