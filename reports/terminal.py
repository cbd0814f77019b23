"""Tables as plain text for a terminal."""

from __future__ import annotations

from dataclasses import replace

from tabulate import tabulate

from reports.results import Results
from reports.stress import claim_table
from reports.sweep import sweep_tables
from reports.tables import Entry, Row, Table, cost_table, score_table, stage_table
from reports.text import visible

_MARKS = {"best": "*", "second": "+", None: ""}


def terminal_tables(results: Results) -> str:
    """The scores, one table for each dataset, the sweeps, what a stress study says of claims, and the costs."""
    unstressed = results.plain
    scores = score_table(unstressed)
    parts = [plain(scores)]
    for table in (*sweep_tables(results), claim_table(results), cost_table(unstressed), stage_table(unstressed)):
        if table is not None:
            told = tuple(text for text in table.remarks if text not in scores.remarks)
            caption = "" if table.caption == scores.caption else table.caption
            parts.append(plain(replace(table, caption=caption, remarks=told)))
    return "\n\n".join(parts)


def plain(table: Table) -> str:
    """The table as text; best is marked with *, second best with +."""
    alignment = ["left"] * (len(table.labels) - 1) + ["right"] * table.numbers + ["left"] * table.words
    parts = []
    for group in table.groups:
        headings = [*table.labels[1:], *map(_entry, table.headings)]
        rows = [[*map(visible, row.labels[1:]), *map(_entry, row.entries)] for row in group]
        body = tabulate(rows, headings, tablefmt="simple", disable_numparse=True, colalign=alignment)
        parts.append(f"{visible(table.title)}: {visible(_group_name(group))}\n{body}")
    below = [f"{number}) {visible(text)}" for number, text in enumerate(table.footnotes, 1)]
    below += [visible(text) for text in (table.caption, *table.remarks) if text]
    if any(entry.mark for group in table.groups for row in group for entry in row.entries):
        below.append("* best, + second best")
    return "\n\n".join([*parts, "\n".join(below)])


def _group_name(group: tuple[Row, ...]) -> str:
    return group[0].labels[0]


def _entry(entry: Entry) -> str:
    numbers = ",".join(map(str, entry.footnotes))
    text = f"{visible(entry.text)}{_MARKS[entry.mark]}{f' {numbers})' if numbers else ''}"
    return f"{text}\n{entry.small}" if entry.small else text
