"""Tables of several runs: the leaderboard, the trend of each metric by generator, and what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

import pandas as pd

from reports.footnotes import Footnotes
from reports.history import NEVER, Changed, Column, Dated, History
from reports.numbers import decimals, fixed, heading, interval
from reports.ranking import Mark, marks, unranked
from reports.resolution import difference, resolved
from reports.results import Cell
from reports.tables import Entry, Row, Table

OTHER_WAY = "Made under another signature or protocol, so it has a column or a table of its own."
OTHER_CLIPS = "On other clips or prompts than most of the column, so it is neither marked nor compared."
ABSENT = Entry(NEVER)


def history_tables(history: History) -> list[Table]:
    """The leaderboard, a trend for each column, and what changed, where anything did."""
    return [leaderboard(history), *(trend(history, column) for column in history.columns), *changes(history)]


def leaderboard(history: History) -> Table:
    """Each generator by its latest run, on every dataset by every metric; the best by mean rank first."""
    footnotes = Footnotes()
    shown = [column for column in history.columns if _in_use(history, column)]
    headings = tuple(
        Entry(column_heading(history, column), footnotes=_differs(history, column, footnotes)) for column in shown
    )
    groups = []
    for dataset in history.datasets:
        latest = {name: run for name in history.generators if (run := _latest(history, dataset, name))}
        columns = [_column(history, column, dataset, latest, footnotes) for column in shown]
        rank = {name: _mean_rank(name, [ranks for _, ranks in columns]) for name in latest}
        order = sorted(latest, key=lambda name: (name in history.bounds, rank[name] is None, rank[name] or 0.0))
        groups.append(
            tuple(
                Row(
                    (dataset, name, latest[name].name),
                    (Entry(fixed(rank[name], 1)), *(entries[name] for entries, _ in columns)),
                    name in history.bounds,
                )
                for name in order
            )
        )
    return Table(
        title="Leaderboard",
        labels=("dataset", "generator", "run"),
        headings=(Entry("mean rank"), *headings),
        groups=tuple(group for group in groups if group),
        footnotes=tuple(footnotes.texts),
        caption=f"Each generator by its latest run of {len(history.runs)}: {_runs(history)}.",
        remarks=(
            "Mean rank: over the columns in which a generator has a rank, 1 being best; it orders the rows and claims "
            "nothing. Best and second best are marked only where the 95 % interval of the difference from every "
            "generator ranked below, paired by clip, leaves out zero. Number of clips in brackets.",
        ),
        signatures=_signatures(shown),
    )


def trend(history: History, column: Column) -> Table:
    """One metric, made in one way, by generator over the runs, and how far the last lies from the first."""
    footnotes = Footnotes()
    groups = []
    for dataset in history.datasets:
        rows = [_trend_row(history, column, dataset, name, footnotes) for name in history.generators]
        if shown := tuple(row for row in rows if row is not None):
            groups.append(shown)
    return Table(
        title=f"Trend of {column_heading(history, column)}",
        labels=("dataset", "generator"),
        headings=(*(Entry(run.name) for run in history.runs), Entry("last less first")),
        groups=tuple(groups),
        footnotes=tuple(footnotes.texts),
        caption=f"Oldest run first; n in brackets; protocol {column.protocol or 'unknown'}.",
        remarks=(
            "Last less first: between the first and the last run that have a value on the same clips, with its 95 % "
            "interval, paired by clip; better or worse only where that leaves out zero.",
        ),
        signatures=(column.signature,),
    )


def changes(history: History) -> Iterator[Table]:
    """What changed from run to run; no table where nothing did."""
    by_run: dict[tuple[str, str], list[Changed]] = {}
    for change in history.changes:
        by_run.setdefault((change.before, change.run), []).append(change)
    if by_run:
        yield Table(
            title="What changed",
            labels=("run", "what"),
            headings=(Entry("before"), Entry("since")),
            groups=tuple(
                tuple(Row((f"{run} after {before}", each.what), (Entry(each.was), Entry(each.now))) for each in found)
                for (before, run), found in by_run.items()
            ),
            words=2,
        )


def history_frame(history: History) -> pd.DataFrame:
    """Every cell of every run, one row each, with the column that it stands in."""
    rows = []
    for run in history.runs:
        for cell in run.results.cells:
            column = next((c for c in history.columns if cell.value is not None and c.holds(cell)), None)
            rows.append(
                {"run": run.name, "column": column_heading(history, column) if column else None}
                | cell.model_dump(exclude={"failed", "notes", "details", "by_clip"})
                | {"failed": len(cell.failed), "notes": "; ".join(cell.notes)}
            )
    return pd.DataFrame(rows)


def column_heading(history: History, column: Column) -> str:
    """Title, unit and direction; the metric's name where titles are equal, a number where signatures differ."""
    titles = Counter(title for _, title in {(each.metric, each.described.title) for each in history.columns})
    text = heading(column.described, column.metric, alone=titles[column.described.title] == 1)
    return text if column.number is None else f"{text} ({column.number})"


def _differs(history: History, column: Column, footnotes: Footnotes) -> tuple[int, ...]:
    told = history.differing(column)
    return (footnotes.number(f"Column {column.number} of {column.metric}: {told}."),) if told else ()


def _in_use(history: History, column: Column) -> bool:
    """Whether the latest run of some generator has a value in a column."""
    return any(
        cell is not None and cell.value is not None and column.holds(cell)
        for dataset in history.datasets
        for name in history.generators
        if (run := _latest(history, dataset, name))
        for cell in (run.cell(dataset, name, column.metric),)
    )


def _latest(history: History, dataset: str, generator: str) -> Dated | None:
    """The latest run with a value of a generator on a dataset."""
    for run in reversed(history.runs):
        if any(
            cell.value is not None and (cell.dataset, cell.generator) == (dataset, generator)
            for cell in run.results.cells
        ):
            return run
    return None


def _column(
    history: History, column: Column, dataset: str, latest: Mapping[str, Dated], footnotes: Footnotes
) -> tuple[dict[str, Entry], dict[str, float]]:
    """A column's entries on a dataset, and the rank of each generator that has one."""
    cells = {name: run.cell(dataset, name, column.metric) for name, run in latest.items()}
    rivals = {
        name: cell
        for name, cell in cells.items()
        if cell is not None and cell.value is not None and column.holds(cell) and name not in history.bounds
    }
    usual = Counter(latest[name].asked(dataset) for name in rivals).most_common(1)
    alike = {name: cell for name, cell in rivals.items() if latest[name].asked(dataset) == usual[0][0]}
    barred = {name: why for name in alike if (why := _barred(latest[name], dataset, name, column.metric))}
    marked = marks(alike.values(), barred)
    entries = {
        name: _entry(column, cell, marked.get(name), footnotes, _why(name, rivals, alike, barred))
        for name, cell in cells.items()
    }
    return entries, _ranks(column, [cell for name, cell in alike.items() if name not in barred])


def _why(name: str, rivals: Mapping[str, Cell], alike: Mapping[str, Cell], barred: Mapping[str, str]) -> str:
    return OTHER_CLIPS if name in rivals and name not in alike else barred.get(name, "")


def _barred(run: Dated, dataset: str, generator: str, metric: str) -> str:
    """Why a run itself gives a generator no rank; empty where it does."""
    return unranked(run.results, dataset, metric).get(generator, "")


def _ranks(column: Column, cells: Sequence[Cell]) -> dict[str, float]:
    """Ranks from 1, equal values sharing the mean of theirs; none for one alone."""
    sign = 1.0 if column.described.direction == "lower" else -1.0
    values = {cell.generator: sign * cell.value for cell in cells if cell.value is not None}
    if len(values) < 2:
        return {}
    order = sorted(values.values())
    return {name: 1 + order.index(value) + (order.count(value) - 1) / 2 for name, value in values.items()}


def _mean_rank(name: str, ranks: Sequence[Mapping[str, float]]) -> float | None:
    own = [by_name[name] for by_name in ranks if name in by_name]
    return fmean(own) if own else None


def _entry(column: Column, cell: Cell | None, mark: Mark | None, footnotes: Footnotes, why: str = "") -> Entry:
    if cell is None:
        return ABSENT
    if cell.value is None:
        return Entry(NEVER, footnotes=(footnotes.number(f"Missing: {cell.missing}"),))
    if not column.holds(cell):
        return Entry(NEVER, footnotes=(footnotes.number(OTHER_WAY),))
    small = f"{interval(cell)} ({cell.n})".strip()
    return Entry(fixed(cell.value), small, (footnotes.number(why),) if why else (), mark)


def _trend_row(history: History, column: Column, dataset: str, name: str, footnotes: Footnotes) -> Row | None:
    cells = [run.cell(dataset, name, column.metric) for run in history.runs]
    placed = [
        (run, cell)
        for run, cell in zip(history.runs, cells, strict=True)
        if cell is not None and cell.value is not None and column.holds(cell)
    ]
    if not placed:
        return None
    usual = Counter(run.asked(dataset) for run, _ in placed).most_common(1)[0][0]
    alike = [(run, cell) for run, cell in placed if run.asked(dataset) == usual]
    entries = [
        _entry(column, cell, None, footnotes, OTHER_CLIPS if (run, cell) in placed and (run, cell) not in alike else "")
        for run, cell in zip(history.runs, cells, strict=True)
    ]
    last = _moved(alike[0][1], alike[-1][1]) if len(alike) > 1 else ABSENT
    return Row((dataset, name), (*entries, last), name in history.bounds)


def _moved(first: Cell, last: Cell) -> Entry:
    """How far a value moved, on the clips that both rest on, and whether the data resolve it."""
    if first.value is None or last.value is None:
        return ABSENT
    change = last.value - first.value
    places = decimals(change)
    ends = difference(last, first)
    small = f"[{ends[0]:+.{places}f}, {ends[1]:+.{places}f}]" if ends else ""
    verdict = "better" if resolved(last, first) else "worse" if resolved(first, last) else ""
    return Entry(f"{change:+.{places}f}", " ".join(filter(None, (small, verdict))))


def _runs(history: History) -> str:
    return ", ".join(run.name for run in history.runs)


def _signatures(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(
        f"{column.signature} protocol:{column.protocol}" if column.protocol else column.signature for column in columns
    )
