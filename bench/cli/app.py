"""The commands put together; exit codes and the ends of commands are those of `bench.cli.boundary`.

Commands import what they need when they run, so that `--help` does not wait for PyTorch.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from bench import __version__
from bench.cli import (
    agreeing,
    archives,
    checkpoint,
    comparing,
    data,
    doctor,
    gates,
    lists,
    paper,
    profile,
    runs,
    scores,
    selfcheck,
)
from bench.cli.boundary import Wrapped, ended
from bench.cli.printing import print_line


class _Commands(TyperGroup):
    """The top-level commands; what the library would swallow goes on to the boundary."""

    def invoke(self, ctx: Any) -> Any:
        """Invoke the command that the context names."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, OSError) as error:
            raise Wrapped from error


app = typer.Typer(
    cls=_Commands,
    help="Evaluate generators that turn a text, a face and a voice into a narrated talking-face video.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
runs.register(app)
scores.register(app)
comparing.register(app)
agreeing.register(app)
gates.register(app)
archives.register(app)
profile.register(app)
data.register(app)
lists.register(app)
checkpoint.register(app)
paper.register(app)
selfcheck.register(app)
app.command("doctor")(doctor.doctor)


@app.command("version")
def version() -> None:
    """Print the version."""
    print_line(__version__)


def invoke() -> int | None:
    """Do what the command line says; the exit code where a command names one."""
    code = typer.main.get_command(app).main(prog_name="narrator-bench", standalone_mode=False)
    return code if isinstance(code, int) else None


def main() -> None:
    """Run the command line; whatever goes wrong is one sentence, see `bench.cli.boundary`."""
    sys.exit(ended(invoke))
