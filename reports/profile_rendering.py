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
from reports.writing import write


def render_profile(report: ProfileReport, folder: Path) -> Path:
    """Write FOLDER/profile.json and FOLDER/report; return the page to open. In a run's folder it replaces nothing."""
    report.write(folder / FILE)
    tables, drawn = profile_tables(report), figures(report)
    written, page = folder / "report" / "tables", folder / "report" / "profile.html"
    write(written / "profile.md", "\n".join(map(markdown, tables)))
    write(written / "profile.tex", latex_file(tables))
    write(written / "profile.csv", csv(profile_frame(report)))
    for name, svg in drawn.items():
        write(folder / "report" / "figures" / f"{name}.svg", svg)
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
    return page
