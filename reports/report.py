"""The report of a run: drawn, or left as it is where nothing would change."""

from __future__ import annotations

from pathlib import Path

from reports.profiles import FILE as PROFILE
from reports.results import COSTS, ENVIRONMENT, SCORES
from reports.rows import FILE as CLIPS
from reports.stamp import Stamp
from reports.writing import writing_to

TRACES = "traces.json"
"""Beside the results: the picture of a clip's sound and motion by the clip's file, both relative to the run."""
READ = ("results.json", CLIPS, SCORES, COSTS, ENVIRONMENT, PROFILE, TRACES)
"""All that a report is drawn from."""
STAMP = ".report.json"


def render(run: Path) -> Path:
    """Write RUN/report unless it is there as it would be written, see `reports.stamp`; return its index.html.

    Raises:
        ResultsError: there is no results file, none that can be read, or no report can be written beside it.
    """
    stamp, index = Stamp(run, STAMP, READ), run / "report" / "index.html"
    if not stamp.holds(index):
        from reports.rendering import draw  # waits for pandas

        mend = "make the run's folder writable, or copy the run to one that is"
        with writing_to(f"the report {index.parent}", mend), stamp.renewed():
            draw(run)
    return index
