"""`version`."""

from __future__ import annotations

import typer

from bench import __version__
from bench.cli.printing import print_line


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("version")(version)


def version() -> None:
    """Print the version."""
    print_line(__version__)
