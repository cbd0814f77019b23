"""`checkpoint inspect`: files of the bundled generator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import narrator
from bench.cli.arguments import path_to_read
from bench.cli.printing import Json, print_line
from bench.errors import UserMistake


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    checkpoint = typer.Typer(help="Checkpoints of the bundled generator.", no_args_is_help=True)
    checkpoint.callback()(lambda: None)
    checkpoint.command("inspect")(inspect)
    app.add_typer(checkpoint, name="checkpoint")


def inspect(
    file: Annotated[Path, typer.Argument(parser=path_to_read("FILE"), metavar="FILE", help="A checkpoint file.")],
    as_json: Json = False,
) -> None:
    """What a checkpoint file is, its parts, and whether it matches; nothing in it is executed."""
    if file.exists() and not file.is_file():  # a pipe would be waited for
        raise UserMistake(f"{file} is no regular file: name a checkpoint file.")
    try:
        found = narrator.inspect(file)
    except narrator.CheckpointError as error:
        raise UserMistake(str(error)) from error
    print(json.dumps(found.to_json(), indent=1)) if as_json else print_line(str(found))
    if not found.matches:
        raise typer.Exit(2)
