"""`agreement`: which metrics rank the generators of a run alike, and which rank them as people do."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import path_to_read
from bench.cli.printing import out


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("agreement")(agreement)


def agreement(
    run: Annotated[
        Path, typer.Argument(parser=path_to_read("RUN"), metavar="RUN", help="A run's folder, or an archive of it.")
    ],
    preferences: Annotated[
        Path | None,
        typer.Option(
            parser=path_to_read("--preferences"), metavar="FILE", help="CSV: better,worse or generator,rating."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Which metrics agree on the ranking of a run's generators, which are redundant, and which agree with people.

    Kendall's tau over the generators with 95 % intervals over the clips. It takes the results file alone.
    """
    from bench.comparing.sides import read_results
    from bench.preferences import read_preferences
    from reports.agreement import agreements
    from reports.agreement_table import agreement_table
    from reports.terminal import plain

    results = read_results(run)
    found = agreements(results, read_preferences(preferences, results) if preferences else ())
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in found], indent=1, ensure_ascii=False))
        return
    text = plain(agreement_table(results, found))
    out.print(text, markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
