"""Tables for people, JSON for programs, progress bars only on a terminal."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from bench.errors import shown
from bench.workers.progress import Step

Item = TypeVar("Item")

LINE_SECONDS = 60.0
"""Between two lines on progress, where there is no terminal."""
_UNBOUNDED = 100_000
"""Columns, more than any table has."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
"""The option of every command that prints rows."""

out = Console(soft_wrap=True)
err = Console(stderr=True)


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, title: str | None = None) -> None:
    """Rows with equal keys, as a table or as a JSON list.

    What is no terminal gets one line for each row, however long; a terminal that is narrower than the table gets the
    rows below each other, so that addresses can be copied.
    """
    if as_json:
        print(json.dumps([dict(row) for row in rows], indent=1, ensure_ascii=False, default=str))
        return
    if not rows:
        out.print(f"{title or 'Nothing'}: none")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row.values()))
    console = Console()
    width = Measurement.get(console, console.options.update(max_width=_UNBOUNDED), table).maximum
    if width <= console.width:
        console.print(table)
    elif console.is_terminal:
        _print_below_each_other(rows, title)
    else:
        Console(width=width).print(table)


def print_line(text: str, style: str | None = None) -> None:
    """Text that is never folded, without what a terminal would obey."""
    text = "".join(character if character.isprintable() or character == "\n" else " " for character in text)
    out.print(text, style=style, markup=False, highlight=False)


def _print_below_each_other(rows: Sequence[Mapping[str, Any]], title: str | None) -> None:
    if title:
        print_line(title)
    for row in rows:
        first, *others = ((key.replace("_", " "), _shown(cell)) for key, cell in row.items())
        print_line(first[1], style="bold")
        for key, cell in others:
            if cell:
                print_line(f"    {key}: {cell}")


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else shown(cell, 4000)


@contextmanager
def progress_display() -> Iterator[Progress]:
    """A progress display on stderr; where that is no terminal, a line each minute."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"), TextColumn("{task.fields[failed]}", style="red"),
        TextColumn("{task.fields[doing]}"),
    )  # fmt: skip
    with Progress(*columns, console=err, disable=not err.is_terminal) as display:
        yield display


def tracked(
    display: Progress,
    results: Iterable[Item],
    total: int,
    description: str,
    step: Callable[[Item], Step] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    """Pass results through and count them on the display: how many, how fast, how long still, and how many failed."""
    bar = display.add_task(description, total=total, doing="", rate="", left="", failed="")
    start = told = clock()
    done = failed = 0
    for result in results:
        yield result
        made = step(result) if step else Step()
        done, failed = done + made.items, failed + made.failed
        now = clock()
        rate = done / (now - start) if now > start else 0.0
        fields: dict[str, Any] = {
            "rate": f"{rate:.3g}/s" if rate else "",
            "left": f"{_time(max(0, total - done) / rate)} left" if rate else "",
            "failed": f"{failed} failed" if failed else "",
        }
        display.update(bar, completed=done, **fields)
        if not err.is_terminal and now - told >= LINE_SECONDS:
            told = now
            err.print(
                " ".join(filter(None, [f"{description}: {done} of {total},", *fields.values()])),
                markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip


def _time(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))
