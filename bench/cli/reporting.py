"""`report`: a run's report again, or several runs over time, from results files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import folder_to_write, path_to_read
from bench.cli.printing import out
from bench.errors import UserMistake, shown


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("report")(report)


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            parser=path_to_read("The run's folder"), metavar="RUN...",
            help="A run's folder; or several runs, the oldest first: folders, results files or archives.",
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=folder_to_write("--out", "the history"), metavar="FOLDER",
            help="Of several runs: write a page, Markdown, LaTeX, CSV and JSON here.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Of several runs: print JSON instead of tables.")] = False,
) -> None:  # fmt: skip
    """Render the report of a run again; of several runs: leaderboard, trends, what changed.

    Values of several runs share a column only where signature and protocol are equal; only values on the same clips
    and prompts are ranked and compared.
    """
    if len(runs) == 1:
        if folder is not None or as_json:
            raise UserMistake("--out and --json go with several runs: the report of one lies in its own folder.")
        _one(runs[0])
        return
    from bench.comparing.sides import named_results
    from reports.history import history
    from reports.history_rendering import history_json, history_text, render_history

    named = named_results(runs)
    if len({name for name, _ in named}) < len(named):
        raise UserMistake("A run is named twice: name each once, the oldest first.")
    made = history(named)
    page = None if folder is None else render_history(made, folder)
    if as_json:
        print(history_json(made), end="")
        return
    out.print(history_text(made), markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
    if page is not None:
        out.print(f"Report: {page}", markup=False, highlight=False, style="bold")


def _one(folder: Path) -> None:
    if not (folder / "results.json").is_file():
        hint = ""
        if folder.is_file():
            hint = " An archive is unpacked first: `narrator-bench unpack FILE --out FOLDER`."
        raise UserMistake(
            f"{shown(folder)} holds no results.json: name the folder that --out of `narrator-bench run` named.{hint}"
        )
    from reports import render

    out.print(f"Report: {render(folder)}", markup=False, highlight=False)
