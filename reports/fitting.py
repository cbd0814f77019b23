"""Fitting a table to a printed page: which columns are wrapped, and where it is split into panels and parts.

Widths are estimates in points at 8 pt (`\\footnotesize` of a 10 pt document); LaTeX shrinks what still is too wide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reports.tables import Entry, Row, Table

PAGE = 469.0
"""Points of the text block that tables are made for, 6.5 inches; a narrower one shrinks them a little."""
LINES = 52
"""Lines at 8 pt that a page holds beside its caption."""
GAP = 8.0
"""Points between two columns."""
SMALL = 0.88
"""Width of small print beside that of the table's."""
NARROWEST = 80.0
"""Points that a column of words is left at least."""
_EM = 8.5
_NARROW, _WIDE = set("iljtfI.,:;'|!()[] -"), set("mMW%@w—")


@dataclass(frozen=True)
class Panel:
    """Columns that stand side by side: the first and the last+1 of the entries, and their widths with the labels'.

    A width is None where the column is as wide as its content, else the column is wrapped to it.
    """

    first: int
    stop: int
    labels: tuple[float | None, ...]
    entries: tuple[float | None, ...]


def natural(text: str) -> float:
    """About how wide a text is on one line, in points."""
    return _EM * sum(map(_width, text))


def of_entry(entry: Entry) -> float:
    """How wide an entry is, with its small print below it."""
    notes = 0.35 * natural(",".join(map(str, entry.footnotes)))
    return max(natural(entry.text) + notes, SMALL * natural(entry.small))


def broken(heading: str, width: float) -> list[str]:
    """A heading in lines no wider than this, where its words allow."""
    lines: list[str] = []
    for word in _words(heading):
        if lines and natural(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def number_width(table: Table, column: int) -> float:
    """How wide a column of numbers is: its entries, or the longest word of its heading."""
    heading = table.headings[column]
    notes = 0.35 * natural(",".join(map(str, heading.footnotes)))
    words = max((natural(word) for word in _words(heading.text)), default=0.0)
    return max([words + notes, *(of_entry(row.entries[column]) for row in _rows(table))])


def panels(table: Table) -> list[Panel]:
    """The panels of a table, one where all columns fit the page."""
    labels = [_text_width(name, [row.labels[i] for row in _rows(table)]) for i, name in enumerate(table.labels)]
    numbers = [number_width(table, column) for column in range(table.numbers)]
    words = [
        _text_width(table.headings[column].text, [row.entries[column].text for row in _rows(table)])
        for column in range(table.numbers, len(table.headings))
    ]
    gaps = GAP * (len(labels) + len(table.headings))
    room = PAGE - gaps - sum(numbers)
    capped = _cap([*labels, *words], room)
    if capped is not None:
        wrapped = [None if width <= capped else capped for width in (*labels, *words)]
        entries = (*(None for _ in numbers), *wrapped[len(labels) :])
        return [Panel(0, len(table.headings), tuple(wrapped[: len(labels)]), entries)]
    cap = max(NARROWEST, PAGE / 3 / len(labels))
    beside = tuple(None if width <= cap else cap for width in labels)
    left = PAGE - sum(min(width, cap) + GAP for width in labels)
    found = [Panel(first, stop, beside, (None,) * (stop - first)) for first, stop in _chunks(numbers, left)]
    if words:
        share = _cap(words, left - GAP * len(words)) or NARROWEST
        own = tuple(None if width <= share else share for width in words)
        found.append(Panel(table.numbers, len(table.headings), beside, own))
    return found


def parts(table: Table, made: Sequence[Panel], below: int) -> list[tuple[tuple[Row, ...], ...]]:
    """The groups of rows of each page; a group is divided only where a page cannot hold it.

    Args:
        made: the panels, which stand below each other.
        below: lines that notes take.
    """
    budget = max(LINES // 3, LINES - below) - 3 * len(made)
    pages: list[list[tuple[Row, ...]]] = [[]]
    used = 0
    for group in table.groups:
        whole = sum(height(row, made) for row in group)
        if used and used + whole > budget:
            pages.append([])
            used = 0
        rest: list[Row] = []
        for row in group:
            lines = height(row, made)
            if used and used + lines > budget:
                if rest:
                    pages[-1].append(tuple(rest))
                pages.append([])
                rest, used = [], 0
            rest.append(row)
            used += lines
        pages[-1].append(tuple(rest))
    return [tuple(page) for page in pages if page]


def height(row: Row, made: Sequence[Panel]) -> int:
    """How many lines a row takes, over all panels."""
    total = 0
    for panel in made:
        entries = row.entries[panel.first : panel.stop]
        columns = zip((*row.labels, *(entry.text for entry in entries)), (*panel.labels, *panel.entries), strict=True)
        lines = max(math.ceil(1.1 * natural(text) / width) if width else 1 for text, width in columns)
        total += max(1, lines) + any(entry.small for entry in entries)
    return total


def _rows(table: Table) -> list[Row]:
    return [row for group in table.groups for row in group]


def _words(heading: str) -> list[str]:
    """The words of a heading; an arrow belongs to the word before it."""
    return re.findall(r"\S+(?: [↑↓])?", heading)


def _text_width(heading: str, texts: Sequence[str]) -> float:
    return max(map(natural, (heading, *texts)))


def _cap(widths: Sequence[float], room: float) -> float | None:
    """The width to wrap columns to so that all fit; infinite where none need be, None where it is too small."""
    if sum(widths) <= room:
        return math.inf
    left = room
    for place, width in enumerate(ordered := sorted(widths)):
        share = left / (len(ordered) - place)
        if width > share:
            return share if share >= NARROWEST else None
        left -= width
    return None


def _chunks(widths: Sequence[float], room: float) -> list[tuple[int, int]]:
    """Neighbouring columns that fit the room together, in as few chunks as need be and alike in size."""
    for count in range(1, len(widths) + 1):
        edges = [round(place * len(widths) / count) for place in range(count + 1)]
        found = [(first, stop) for first, stop in pairwise(edges) if stop > first]
        if all(sum(widths[first:stop]) + GAP * (stop - first) <= room for first, stop in found):
            return found
    return [(place, place + 1) for place in range(len(widths))]


def _width(character: str) -> float:
    if character in _NARROW:
        return 0.31
    if character in _WIDE:
        return 0.84
    if ord(character) > 0x17F and character not in "↑↓→–…‘’“”":
        return 3.2  # written as its code point
    return 0.7 if character.isupper() else 0.52
