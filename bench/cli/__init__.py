"""The command line: `narrator-bench`, also `python -m bench`."""

from __future__ import annotations

import sys

from bench.errors import UserMistake
from bench.shadowing import check_rooms


def main() -> None:
    """Run the command line, once it is sure that every room is ours: the commands import them all."""
    try:
        check_rooms()
    except UserMistake as mistake:
        print(f"narrator-bench: {mistake}", file=sys.stderr)
        sys.exit(2)
    from bench.cli.app import main as run

    run()
