"""`compare`: whether a generator's scores differ from another's, from results files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import folder_to_write, path_to_read
from bench.cli.printing import out
from bench.errors import UserMistake


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("compare")(compare)


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            parser=path_to_read("RUN"), metavar="RUN...", help="Folders of runs, the baseline first; or one of several."
        ),
    ],
    generators: Annotated[
        str, typer.Option(help="FIRST,SECOND within one run, the baseline first; of several runs one for each, or one.")
    ] = "",
    common: Annotated[
        bool, typer.Option("--common", help="Compare what both have, and say what was left out.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=folder_to_write("--out", "the comparison"), metavar="FOLDER",
            help="Write a page, Markdown, LaTeX and JSON here.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:  # fmt: skip
    """Whether runs, or generators of one run, differ: better, worse, or by no more than so many clips can show.

    The clips of equal prompts are paired. Runs under another protocol are refused; so are other signatures, prompts and
    reference clips, datasets and metrics, unless --common leaves them out.
    """
    from bench.comparing.compare import compare as compared
    from bench.comparing.sides import chosen_sides
    from reports.comparison_rendering import comparison_text, render_comparison

    named = [label.strip() for label in generators.split(",")] if generators else []
    if not all(named):
        raise UserMistake("--generators is a list of names, for example mine,theirs.")
    found = compared(chosen_sides(runs, named), partly=common)
    page = None if folder is None else render_comparison(found, folder)
    if as_json:
        print(found.text(), end="")
        return
    text = comparison_text(found)
    out.print(text, markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
    if page is not None:
        out.print(f"Comparison: {page}", markup=False, highlight=False, style="bold")
