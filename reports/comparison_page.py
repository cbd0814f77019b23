"""One self-contained page of a comparison: verdicts, where the intervals lie, and the clips that changed most."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from reports.comparison import Comparison, Pair
from reports.comparison_tables import OVERALL, metric_heading, told, verdict_table, videos
from reports.numbers import fixed
from reports.page import templates

REACH = 3.0
"""The plot ends at so many smallest visible differences to either side."""


@dataclass(frozen=True)
class Interval:
    """A row of the plot: positions in units of the smallest visible difference, to the right where it is better."""

    label: str
    low: float
    middle: float
    high: float
    verdict: str


def comparison_page(comparison: Comparison, folder: Path) -> str:
    """The page as HTML for `folder`/index.html; clips are linked relative to it where that is possible."""
    template = templates().get_template("comparison.html")
    return template.render(
        comparison=comparison,
        tables=[
            (pair, verdict_table(comparison, pair), list(_intervals(comparison, pair))) for pair in comparison.pairs
        ],
        told=told,
        fixed=fixed,
        heading=lambda name: metric_heading(comparison, name),
        videos=videos,
        reach=REACH,
        link=lambda run, file: linked(run, file, folder),
    )


def linked(run: str, file: str, folder: Path) -> str:
    """From a page in `folder` to a file of a run; percent-escaped, so that no name is read as anything but a path."""
    target = os.path.abspath(Path(run) / file)
    try:
        target = os.path.relpath(target, folder)
    except ValueError:  # another drive of Windows
        return Path(target).as_uri()
    return quote(Path(target).as_posix(), errors="replace")


def _intervals(comparison: Comparison, pair: Pair) -> Iterator[Interval]:
    for row in pair.rows:
        if row.difference is None or row.low is None or row.high is None or not row.visible:
            continue
        sign = (1.0 if comparison.metrics[row.metric].direction == "higher" else -1.0) / row.visible
        ends = sorted(max(-REACH, min(REACH, sign * end)) for end in (row.low, row.high))
        middle = max(-REACH, min(REACH, sign * row.difference))
        label = f"{OVERALL if row.dataset is None else row.dataset}, {metric_heading(comparison, row.metric)}"
        yield Interval(label, ends[0], middle, ends[1], row.verdict)
