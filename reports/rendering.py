"""A run's report: the page and the tables, from nothing but its results file."""

from __future__ import annotations

from pathlib import Path

from reports.latex import latex
from reports.markdown import markdown
from reports.page import page
from reports.results import Results
from reports.tables import cost_frame, cost_table, score_frame, score_table


def render(run: Path) -> Path:
    """Write RUN/report from RUN/results.json and return its index.html; equal results give equal bytes.

    Raises:
        ResultsError: there is no results file, or none that can be read.
    """
    results = Results.read(run / "results.json")
    tables = run / "report" / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    for name, table, frame in (
        ("scores", score_table(results), score_frame(results)),
        ("cost", cost_table(results), cost_frame(results)),
    ):
        if table is not None:
            (tables / f"{name}.md").write_text(markdown(table), encoding="utf-8")
            (tables / f"{name}.tex").write_text(latex(table), encoding="utf-8")
            (tables / f"{name}.csv").write_text(frame.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    index = run / "report" / "index.html"
    index.write_text(page(results), encoding="utf-8")
    return index
