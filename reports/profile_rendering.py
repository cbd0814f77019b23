"""A profile's folder: the profile itself, one page, its tables in every format, and its figures."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from reports.latex import latex_file
from reports.markdown import markdown
from reports.page import templates, told
from reports.profile_figures import figures
from reports.profile_tables import profile_frame, profile_tables
from reports.profiles import FILE, ProfileReport
from reports.rendering import csv
from reports.stamp import Stamp
from reports.writing import write


def render_profile(report: ProfileReport, folder: Path) -> Path:
    """Write FOLDER/profile.json and FOLDER/report; return the page to open. In a run's folder it replaces nothing.

    What is there as it would be drawn is left alone, see `reports.stamp`.
    """
    report.write(folder / FILE)
    stamp, page = Stamp(folder, ".profile.json", (FILE,)), folder / "report" / "profile.html"
    if not stamp.holds(page):
        with stamp.renewed():
            _draw(report, folder, page)
    return page


def _draw(report: ProfileReport, folder: Path, page: Path) -> None:
    tables, drawn = profile_tables(report), figures(report)
    written = folder / "report" / "tables"
    write(written / "profile.md", "\n".join(map(markdown, tables)))
    write(written / "profile.tex", latex_file(tables))
    write(written / "profile.csv", csv(profile_frame(report)))
    for name, svg in drawn.items():
        write(folder / "report" / "figures" / f"profile-{name}.svg", svg)  # a run has its own figure of stages
    names = dict.fromkeys([*(p.generator for p in report.generators), *(m.metric for m in report.metrics)])
    content = (
        templates()
        .get_template("profile.html")
        .render(
            tables=tables,
            drawn={name.capitalize(): Markup(svg[svg.index("<svg") :]) for name, svg in drawn.items()},
            generators=list(names),
            environment=told(report.environment),
        )
    )
    write(page, content)
