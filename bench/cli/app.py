"""The commands put together, and the exit codes: 0 done, 2 the user's mistake, 130 interrupted.

Commands import what they need when they run, so that `--help` does not wait for PyTorch.
"""

from __future__ import annotations

import sys

import typer

from bench import __version__
from bench.cli import checkpoint, data, doctor, lists, paper, runs, scores
from bench.cli.printing import err, out
from bench.errors import UserMistake
from bench.media.clip import UnreadableClip
from metrics.weights import WeightsError
from reports.results import ResultsError

app = typer.Typer(
    help="Evaluate generators that turn a text, a face and a voice into a narrated talking-face video.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
runs.register(app)
scores.register(app)
data.register(app)
lists.register(app)
checkpoint.register(app)
paper.register(app)
app.command("doctor")(doctor.doctor)


@app.command("version")
def version() -> None:
    """Print the version."""
    out.print(__version__)


def main() -> None:
    """Run the command line; the user's mistakes print as one sentence, without a traceback."""
    try:
        app()
    except (UserMistake, WeightsError, UnreadableClip, ResultsError) as mistake:
        err.print(f"narrator-bench: {mistake}", style="bold red", markup=False, highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("Interrupted; what is done is kept: the same command continues.", markup=False)
        sys.exit(130)
