"""Tables as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.text import visible

if TYPE_CHECKING:
    from reports.tables import Entry, Row, Table

_SPECIAL = re.compile(r"([\\`*_\[\]|~$#])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def markdown(table: Table) -> str:
    """The table with its caption, footnotes and remarks, in GitHub's Markdown."""
    headings = [*map(escaped, table.labels), *map(_entry, table.headings)]
    lines = [f"### {escaped(table.title)}", ""]
    if table.caption:
        lines += [escaped(table.caption), ""]
    lines.append(_line(headings))
    lines.append(_line([":--"] * len(table.labels) + ["--:"] * table.numbers + [":--"] * table.words))
    lines += [_line(_cells(row)) for group in table.groups for row in group]
    lines += ["", *(f"{number}. {escaped(text)}" for number, text in enumerate(table.footnotes, 1))]
    lines += [part for text in table.remarks for part in ("", escaped(text))]
    if table.signatures:
        lines += ["", "Signatures:", "", *(f"- `{visible(text).replace('`', '')}`" for text in table.signatures)]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Plain text that neither Markdown nor HTML reads as more."""
    text = "".join(_HTML.get(character, character) for character in visible(text))
    return _SPECIAL.sub(r"\\\1", text)


def _cells(row: Row) -> list[str]:
    labels = [escaped(label) for label in row.labels]
    if row.bound:
        labels = [f"*{label}*" for label in labels]
    return labels + [_entry(entry) for entry in row.entries]


def _entry(entry: Entry) -> str:
    text = escaped(entry.text)
    if entry.mark:
        text = f"**{text}**" if entry.mark == "best" else f"<u>{text}</u>"
    numbers = ",".join(map(str, entry.footnotes))
    note = f"<sup>{numbers}</sup>" if numbers else ""
    return f"{text}{note} {entry.small}".rstrip()


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
