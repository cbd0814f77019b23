"""Tables of a sweep: each metric against step, and the best by the study's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reports.contest import Contest, contest, families, judged, percent
from reports.results import Results
from reports.tables import Entry, Row, Table, score_frame, score_table

if TYPE_CHECKING:
    import pandas as pd

STAYS_BEST = "stays best"


def sweep_tables(results: Results) -> tuple[Table, ...]:
    """For each sweep, its rows of the table of scores by step, with what the study's rule says of them."""
    scores = score_table(results)
    return tuple(
        _table(results, scores, family, labels, contest(results, family))
        for family, labels in families(results).items()
    )


def sweep_frame(results: Results) -> pd.DataFrame:
    """Every cell of a sweep with its family, its step and the share of resamples in which it stays best."""
    sweep, rule = results.study.sweep, results.study.best
    contests = {family: contest(results, family) for family in families(results)}
    frame = score_frame(results)
    frame = frame[frame["generator"].isin(sweep)].copy()

    def share(row: pd.Series) -> float | None:  # type: ignore[type-arg]
        judge = contests[sweep[row["generator"]].family]
        ruled = judge and rule and row["metric"] == rule.metric and row["dataset"] in judged(results)
        return judge.shares.get(row["generator"]) if judge and ruled else None

    frame.insert(0, "family", [sweep[label].family for label in frame["generator"]])
    frame.insert(1, "step", [sweep[label].step for label in frame["generator"]])
    frame["stays_best"] = [share(row) for _, row in frame.iterrows()]
    return frame.sort_values(["family", "dataset", "step"], kind="stable")


def _table(results: Results, scores: Table, family: str, labels: list[str], judge: Contest | None) -> Table:
    rule = results.study.best
    column = list(results.study.metrics).index(rule.metric) if rule else None
    shown = bool(judge and judge.shares)
    groups = []
    for group in scores.groups:
        rows = {row.labels[1]: row for row in group}
        dataset = group[0].labels[0]
        ruled = judge if dataset in judged(results) else None
        made = []
        for label in labels:
            best = ruled is not None and label == ruled.best and label not in results.study.untrained
            entries = [
                replace(entry, mark="best" if best and place == column else None)
                for place, entry in enumerate(rows[label].entries)
            ]
            if shown:
                share = ruled.shares.get(label) if ruled else None
                entries.append(Entry("—" if share is None else percent(share)))
            made.append(Row((dataset, str(results.study.sweep[label].step)), tuple(entries)))
        groups.append(tuple(made))
    table = Table(
        title=f"Sweep of {family}",
        labels=("dataset", "step"),
        headings=(*scores.headings, *[Entry(STAYS_BEST)] * shown),
        groups=tuple(groups),
        footnotes=scores.footnotes,
        caption=scores.caption,
        remarks=(_sentence(results, judge),),
    )
    return with_own_footnotes(table)


def _sentence(results: Results, judge: Contest | None) -> str:
    if judge is None:
        return "The study states no rule for the best step ('best')."
    unlearnt = " It is not marked: its weights, or some of them, were drawn from a seed."
    return judge.sentence + unlearnt * (judge.best in results.study.untrained)


def with_own_footnotes(table: Table) -> Table:
    """Without the footnotes of rows that are not there, numbered anew."""
    entries = [*table.headings, *(entry for group in table.groups for row in group for entry in row.entries)]
    used = list(dict.fromkeys(number for entry in entries for number in entry.footnotes))
    renumbered = {number: place for place, number in enumerate(used, 1)}

    def entry_of(entry: Entry) -> Entry:
        return replace(entry, footnotes=tuple(renumbered[number] for number in entry.footnotes))

    return replace(
        table,
        headings=tuple(map(entry_of, table.headings)),
        groups=tuple(
            tuple(replace(row, entries=tuple(map(entry_of, row.entries))) for row in group) for group in table.groups
        ),
        footnotes=tuple(table.footnotes[number - 1] for number in used),
    )
