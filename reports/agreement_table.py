"""The table of how far metrics, and people, rank a run's generators alike."""

from __future__ import annotations

from collections.abc import Sequence

from reports.agreement import FEWEST_FOR_REDUNDANT, PEOPLE, REDUNDANT, Agreement
from reports.footnotes import Footnotes
from reports.results import Results
from reports.tables import Entry, Row, Table

WITH_PEOPLE, BETWEEN = "with people", "metrics"


def agreement_table(results: Results, found: Sequence[Agreement]) -> Table:
    """A row for each pair: tau with its interval, what it rests on, and the verdict; those with people first."""
    footnotes = Footnotes()
    groups = []
    for title, rows in (
        (WITH_PEOPLE, [each for each in found if each.first == PEOPLE]),
        (BETWEEN, [each for each in found if each.first != PEOPLE]),
    ):
        ordered = sorted(rows, key=lambda each: -(each.tau if each.tau is not None else -2))
        groups.append(tuple(Row((title, _name(each)), _entries(each, footnotes)) for each in ordered))
    return Table(
        title=f"Agreement of {results.study.name}",
        labels=("which", "pair"),
        headings=tuple(map(Entry, ("tau", "generators", "clips", "verdict"))),
        groups=tuple(group for group in groups if group),
        footnotes=tuple(footnotes.texts),
        remarks=(
            "Tau: Kendall's tau-b over the generators, 1 for equal and -1 for opposite rankings, the mean over the "
            "datasets, with its 95 % interval over clips (over judgements for people).",
            f"Redundant: the interval lies above {REDUNDANT:g}, with {FEWEST_FOR_REDUNDANT} generators or more. Agree, "
            "disagree: it leaves 0 out. Generators of which a metric says nothing are not ranked by it.",
        ),
        words=1,
    )


def _name(each: Agreement) -> str:
    return each.second if each.first == PEOPLE else f"{each.first}, {each.second}"


def _entries(each: Agreement, footnotes: Footnotes) -> tuple[Entry, ...]:
    notes = (footnotes.number(each.reason),) if each.reason else ()
    if each.tau is None:
        return (*(Entry("—") for _ in range(3)), Entry(each.verdict, footnotes=notes))
    small = "" if each.low is None or each.high is None else f"[{each.low:.2f}, {each.high:.2f}]"
    counts = (Entry(str(each.generators)), Entry(str(each.clips)))
    return Entry(f"{each.tau:.2f}", small), *counts, Entry(each.verdict, footnotes=notes)
