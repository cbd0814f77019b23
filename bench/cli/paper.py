"""`paper table1 / table2`: the tables of the paper that the bundled generator comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import path_to_read
from bench.cli.printing import Json, print_rows


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    paper = typer.Typer(help="The paper's tables, published beside measured.", no_args_is_help=True)
    paper.command("table1")(table1)
    paper.command("table2")(table2)
    app.add_typer(paper, name="paper")


def table1(as_json: Json = False) -> None:
    """Parameters of the multi-entangled latent encoder, layer by layer, from the live module."""
    from narrator.entangle.parameters import parameter_counts
    from reports.paper import table1_rows

    rows = table1_rows(parameter_counts())
    print_rows(rows, as_json, title="Table 1: the multi-entangled latent encoder, parameters")


def table2(
    folder: Annotated[
        Path | None,
        typer.Argument(
            parser=path_to_read("The run's folder"),
            metavar="[RUN]",
            help="A run's folder; without one only the published values.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """FAD, MCD, STOI, FID, FVD and FVMD of STE and ETE: published values, and a run's beside them."""
    from reports.paper import table2_rows
    from reports.results import Results

    results = None if folder is None else Results.read(folder / "results.json")
    print_rows(table2_rows(results), as_json, title="Table 2: published values are not a reproducible target")
