"""Tables of a comparison: the verdicts, and the clips that changed most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reports.comparison import Change, ChangedClip, Comparison, Pair
from reports.comparison import Row as Found
from reports.footnotes import Footnotes
from reports.numbers import decimals, fixed, heading
from reports.results import Metric
from reports.tables import Entry, Row, Table

OVERALL = "all datasets"
NONE = Entry("—")


def verdict_table(comparison: Comparison, pair: Pair) -> Table:
    """Datasets x metrics down; both scores, their difference, p-value and verdict across; the overall rows last."""
    footnotes = Footnotes()
    groups: dict[str | None, list[Row]] = {}
    for found in pair.rows:
        groups.setdefault(found.dataset, []).append(_verdict_row(comparison, found, footnotes))
    return Table(
        title=pair.title,
        labels=("dataset", "metric"),
        headings=tuple(map(Entry, (pair.first.name, pair.second.name, "difference", "p", "n", "verdict"))),
        groups=tuple(map(tuple, groups.values())),
        footnotes=tuple(footnotes.texts),
        remarks=tuple(_remarks(comparison, pair)),
        signatures=tuple(comparison.signatures[name] for name in comparison.metrics if name in comparison.signatures),
        words=1,
    )


def changed_table(comparison: Comparison, pair: Pair) -> Table | None:
    """The clips that changed most, by each metric; None if no clip changed."""
    groups: dict[str, list[Row]] = {}
    used = [name for name in comparison.metrics if any(c.metric == name for clip in pair.changed for c in clip.changes)]
    for rank, clip in enumerate(pair.changed, 1):
        by_metric = {change.metric: change for change in clip.changes}
        entries = [_change(by_metric.get(name), comparison.metrics[name]) for name in used]
        groups.setdefault(clip.dataset, []).append(Row((clip.dataset, clip.key), (Entry(str(rank)), *entries)))
    if not groups:
        return None
    return Table(
        title=f"Clips that changed most, {pair.title}",
        labels=("dataset", "clip"),
        headings=(Entry("rank"), *(Entry(metric_heading(comparison, name)) for name in used)),
        groups=tuple(map(tuple, groups.values())),
        remarks=(
            "Ranked by the root mean square, over the metrics, of a clip's differences in units of all clips'. Of a "
            "distance between sets a clip's number is its pseudo-value: the distance and n times the clip's influence.",
        ),
    )


def metric_heading(comparison: Comparison, name: str) -> str:
    """Title, unit and better direction; the name too where another metric has the same title."""
    titles = Counter(metric.title for metric in comparison.metrics.values())
    metric = comparison.metrics[name]
    return heading(metric, name, alone=titles[metric.title] == 1)


def told(change: Change, metric: Metric) -> str:
    """Which way a clip changed: "better", "worse" or "equal"."""
    if change.first == change.second:
        return "equal"
    return "better" if (change.second < change.first) == (metric.direction == "lower") else "worse"


def videos(pair: Pair, clip: ChangedClip) -> list[tuple[str, str, str | None]]:
    """What to call the videos of a clip, the run that each lies in, and where; None where there is none to play."""
    return [
        ("reference", pair.first.run, clip.reference),
        (pair.first.name, pair.first.run, clip.first_file),
        (pair.second.name, pair.second.run, clip.second_file),
    ]


def _remarks(comparison: Comparison, pair: Pair) -> Iterator[str]:
    yield (
        f"Difference: {pair.second.name} less {pair.first.name} on the same n clips, with its 95 % interval. p: by "
        f"approximate randomisation, corrected for the {comparison.tested} tested rows (Holm); below it uncorrected. "
        f"A row says better or worse where the corrected p is at most {comparison.level:g}."
    )
    if any(row.dataset is None for row in pair.rows):
        yield f"{OVERALL.capitalize()}: the mean over the datasets, taken as independent, each weighing the same."
    yield from (f"Failures: {text}." for text in pair.failures)
    yield from (f"Left out: {text}." for text in pair.left_out)
    protocol = (f"{name} {value}" for name, value in comparison.protocol.items() if value is not None)
    yield f"Protocol: {', '.join(protocol)}."


def _verdict_row(comparison: Comparison, found: Found, footnotes: Footnotes) -> Row:
    interval = p_value = NONE
    if found.difference is not None:
        places = decimals(found.difference)
        ends = [f"{end:+.{places}f}" for end in (found.low, found.high) if end is not None]
        interval = Entry(f"{found.difference:+.{places}f}", f"[{', '.join(ends)}]" if ends else "")
    if found.p_adjusted is not None and found.p_value is not None:
        p_value = Entry(_p(found.p_adjusted), f"({_p(found.p_value)})")
    words = Entry(found.words, footnotes=tuple(footnotes.number(text) for text in found.notes))
    label = OVERALL if found.dataset is None else found.dataset
    scores = (Entry(fixed(found.first)), Entry(fixed(found.second)))
    return Row(
        (label, metric_heading(comparison, found.metric)), (*scores, interval, p_value, Entry(str(found.n)), words)
    )


def _p(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def _change(change: Change | None, metric: Metric) -> Entry:
    if change is None:
        return NONE
    return Entry(f"{fixed(change.first)} → {fixed(change.second)}", told(change, metric))
