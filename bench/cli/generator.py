"""`checkpoint inspect` and `paper table1 / table2`: the bundled generator and the paper it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import narrator
from bench.cli.printing import Json, out, print_rows
from bench.mistakes import UserMistake


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    checkpoint = typer.Typer(help="Checkpoints of the bundled generator.", no_args_is_help=True)
    checkpoint.callback()(lambda: None)
    checkpoint.command("inspect")(inspect)
    app.add_typer(checkpoint, name="checkpoint")
    paper = typer.Typer(help="The paper's tables, published beside measured.", no_args_is_help=True)
    paper.command("table1")(table1)
    paper.command("table2")(table2)
    app.add_typer(paper, name="paper")


def inspect(file: Annotated[Path, typer.Argument(help="A checkpoint file.")], as_json: Json = False) -> None:
    """What a checkpoint file is, its parts, and whether it matches; nothing in it is executed."""
    try:
        found = narrator.inspect(file)
    except narrator.CheckpointError as error:
        raise UserMistake(str(error)) from error
    print(json.dumps(found.to_json(), indent=1)) if as_json else out.print(str(found), markup=False, highlight=False)
    if not found.matches:
        raise typer.Exit(2)


def table1(as_json: Json = False) -> None:
    """Parameters of the multi-entangled latent encoder, layer by layer, from the live module."""
    from bench.paper_tables import table1 as rows

    print_rows(rows(), as_json, title="Table 1: the multi-entangled latent encoder, parameters")


def table2(
    folder: Annotated[
        Path | None, typer.Argument(help="A run's folder; without one only the published values.")
    ] = None,
    as_json: Json = False,
) -> None:
    """FAD, MCD, STOI, FID, FVD and FVMD of STE and ETE: published values, and a run's beside them."""
    from reports.paper import table2_rows
    from reports.results import Results, ResultsError

    try:
        results = None if folder is None else Results.read(folder / "results.json")
    except ResultsError as error:
        raise UserMistake(str(error)) from error
    print_rows(table2_rows(results), as_json, title="Table 2: published values are not a reproducible target")
