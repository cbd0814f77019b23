"""Tables for people, JSON for programs, progress bars only on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Item = TypeVar("Item")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
"""The option of every command that prints rows."""

out = Console(soft_wrap=True)
err = Console(stderr=True)


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, title: str | None = None) -> None:
    """Rows with equal keys, as a table or as a JSON list."""
    if as_json:
        print(json.dumps([dict(row) for row in rows], indent=1, ensure_ascii=False, default=str))
        return
    if not rows:
        out.print(f"{title or 'Nothing'}: none")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row.values()))
    Console().print(table)


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


@contextmanager
def progress_display() -> Iterator[Progress]:
    """A progress display on stderr, silent when that is not a terminal."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}"),
    )  # fmt: skip
    with Progress(*columns, console=err, disable=not err.is_terminal) as display:
        yield display


def tracked(display: Progress, results: Iterable[Item], total: int, description: str) -> Iterator[Item]:
    """Pass results through and count them on the display."""
    bar = display.add_task(description, total=total, doing="")
    for result in results:
        yield result
        display.advance(bar)
