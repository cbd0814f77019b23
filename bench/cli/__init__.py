"""The command line: `narrator-bench`, also `python -m bench`."""

from bench.cli.app import main

__all__ = ["main"]
