"""A run's report: the page and the tables, from nothing but its results and its profile."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from reports.curves import curves
from reports.latex import latex_file
from reports.markdown import markdown
from reports.page import page
from reports.print_figures import print_figures
from reports.profiles import ProfileReport
from reports.report import TRACES
from reports.results import Results
from reports.stress import claim_frame, claim_table, stress_frame, stress_tables
from reports.stress_curves import stress_curves
from reports.sweep import sweep_frame, sweep_tables
from reports.tables import cost_frame, cost_table, score_frame, score_table, stage_table
from reports.text import harmless
from reports.writing import write


def draw(run: Path) -> None:
    """Write RUN/report from RUN/results.json, with the profile that lies beside it.

    Equal results, and equal profiles, give equal bytes. All that it reads must stand in `reports.report.READ`.

    Raises:
        ResultsError: there is no results file, or none that can be read.
        OSError: no report can be written beside it.
    """
    results, profile = Results.read(run / "results.json"), ProfileReport.of_run(run)
    tables, index = run / "report" / "tables", run / "report" / "index.html"
    figures = curves(results)
    plain = results.plain
    costs = [table for table in (cost_table(plain), stage_table(plain)) if table is not None]
    claims = [table for table in (claim_table(results),) if table is not None]
    stress = stress_curves(results)
    for name, parts, frame in (
        ("scores", [score_table(plain)], score_frame(results)),
        ("sweep", sweep_tables(results), sweep_frame(results)),
        ("cost", costs, cost_frame(results)),
        ("claims", claims, claim_frame(results)),
        ("stress", stress_tables(results), stress_frame(results)),
    ):
        if parts:
            write(tables / f"{name}.md", "\n".join(map(markdown, parts)))
            write(tables / f"{name}.tex", latex_file(parts))
            write(tables / f"{name}.csv", csv(frame))
            write(tables / f"{name}.json", rows_as_json(frame))
    for family, figure in figures.items():
        write(run / "report" / "figures" / f"sweep-{family}.svg", figure)
    for damage, figure in stress.items():
        write(run / "report" / "figures" / f"stress-{damage}.svg", figure)
    print_figures(plain, run / "report" / "figures")
    write(index, page(results, figures, stress, profile, _traces(run)))


def _traces(run: Path) -> dict[str, str]:
    """The pictures of clips that lie in the run, by the clip's file; none where there is no list of them."""
    try:
        found = json.loads((run / TRACES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {file: picture for file, picture in found.items() if isinstance(picture, str)}


def rows_as_json(frame: pd.DataFrame) -> str:
    """A table of values for programs, as a list of rows in ASCII; what is missing is null."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return json.dumps(rows, indent=1) + "\n"


def csv(frame: pd.DataFrame) -> str:
    """A table of values for programs; no text of it is a formula to a spreadsheet."""
    frame = frame.map(lambda value: harmless(value) if isinstance(value, str) else value)
    return frame.rename(columns=harmless).to_csv(index=False, lineterminator="\n")
