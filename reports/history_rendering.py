"""Several runs as files and as text for a terminal."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reports.history import History
from reports.history_curves import history_curves
from reports.history_tables import column_heading, history_frame, history_tables
from reports.latex import latex_file
from reports.markdown import markdown
from reports.page import templates
from reports.rendering import csv
from reports.terminal import plain
from reports.writing import write, writing_to


def render_history(made: History, folder: Path) -> Path:
    """Write history.md, .tex, .csv, .json, the plots and index.html into a folder; return the page.

    Equal runs of equal names give equal bytes.

    Raises:
        ResultsError: the files cannot be written there.
    """
    tables, drawn = history_tables(made), history_curves(made)
    page = templates().get_template("history.html").render(
        tables=tables,
        drawn={dataset: _embedded(image) for dataset, image in drawn.items()},
        runs=[(run.name, run.results.study.name) for run in made.runs],
    )  # fmt: skip
    with writing_to(f"the history {folder}", "choose another folder with --out"):
        write(folder / "history.md", "\n".join(map(markdown, tables)))
        write(folder / "history.tex", latex_file(tables))
        write(folder / "history.csv", csv(history_frame(made)))
        write(folder / "history.json", history_json(made))
        for place, figure in enumerate(drawn.values(), 1):
            write(folder / "figures" / f"history-{place}.svg", figure)
        write(folder / "index.html", page)
    return folder / "index.html"


def history_text(made: History) -> str:
    """The tables for a terminal."""
    return "\n\n".join(map(plain, history_tables(made)))


def history_json(made: History) -> str:
    """All that the tables show, for programs: runs, columns with how they were made, values and changes."""
    columns = [
        {"name": column_heading(made, column), **asdict(column), "described": column.described.model_dump()}
        for column in made.columns
    ]
    frame = history_frame(made)
    values: list[dict[Any, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    content = {
        "schema": 1,
        "runs": [{"name": run.name, "study": run.results.study.name} for run in made.runs],
        "columns": columns,
        "values": values,
        "changes": [asdict(change) for change in made.changes],
    }
    return json.dumps(content, indent=1) + "\n"


def _embedded(image: str) -> str:
    """An address that holds the image; as an image it can neither run anything nor reach into the page."""
    return f"data:image/svg+xml;base64,{base64.b64encode(image.encode('utf-8', 'backslashreplace')).decode()}"
