"""Tables as plain text for a terminal."""

from __future__ import annotations

from dataclasses import replace

from tabulate import tabulate

from reports.results import Results
from reports.tables import Entry, Row, Table, cost_table, score_table

_MARKS = {"best": "*", "second": "+", None: ""}


def terminal_tables(results: Results) -> str:
    """The scores, one table for each dataset, and the costs."""
    scores, costs = score_table(results), cost_table(results)
    if costs is None:
        return plain(scores)
    told = tuple(text for text in costs.remarks if text not in scores.remarks)
    return f"{plain(scores)}\n\n{plain(replace(costs, remarks=told))}"


def plain(table: Table) -> str:
    """The table as text; best is marked with *, second best with +."""
    alignment = ["left"] * (len(table.labels) - 1) + ["right"] * len(table.headings)
    parts = []
    for group in table.groups:
        headings = [*table.labels[1:], *map(_entry, table.headings)]
        rows = [[*map(printable, row.labels[1:]), *map(_entry, row.entries)] for row in group]
        body = tabulate(rows, headings, tablefmt="simple", disable_numparse=True, colalign=alignment)
        parts.append(f"{printable(table.title)}: {printable(_group_name(group))}\n{body}")
    below = [f"{number}) {printable(text)}" for number, text in enumerate(table.footnotes, 1)]
    below += [*map(printable, table.remarks)]
    if any(entry.mark for group in table.groups for row in group for entry in row.entries):
        below.append("* best, + second best")
    return "\n\n".join([*parts, "\n".join(below)])


def printable(text: str) -> str:
    """Text without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _group_name(group: tuple[Row, ...]) -> str:
    return group[0].labels[0]


def _entry(entry: Entry) -> str:
    numbers = ",".join(map(str, entry.footnotes))
    text = f"{entry.text}{_MARKS[entry.mark]}{f' {numbers})' if numbers else ''}"
    return f"{text}\n{entry.small}" if entry.small else text
