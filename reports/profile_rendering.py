"""A profile's folder: the profile itself, its tables in every format, and its figures."""

from __future__ import annotations

from pathlib import Path

from reports.latex import latex
from reports.markdown import markdown
from reports.profile_tables import profile_frame, profile_tables
from reports.profiles import FILE, ProfileReport
from reports.rendering import csv
from reports.writing import write


def render_profile(report: ProfileReport, folder: Path) -> Path:
    """Write FOLDER/profile.json and FOLDER/report; return the file to look at first."""
    report.write(folder / FILE)
    tables = profile_tables(report)
    written = folder / "report" / "tables"
    write(written / "profile.md", "\n".join(map(markdown, tables)))
    write(written / "profile.tex", "\n".join(map(latex, tables)))
    write(written / "profile.csv", csv(profile_frame(report)))
    return written / "profile.md"
