"""The command line: `narrator-bench`, also `python -m bench`."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

from bench.cli.boundary import BrokenInstallation, ended
from bench.errors import UserMistake
from bench.shadowing import check_rooms


def main() -> None:
    """Run the command line, once it is sure that every room is ours: the commands import them all."""
    sys.exit(ended(_checked))


def _checked() -> int | None:
    check_rooms()
    if not entry_points(group="narrator_bench.metrics"):
        raise UserMistake(
            "narrator-bench is not installed here, only on the path: run `pip install -e .` in its folder."
        )
    try:
        from bench.cli.app import invoke
    except Exception as error:  # whatever a damaged or half-installed package raises
        raise BrokenInstallation from error
    return invoke()
