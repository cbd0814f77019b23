"""The commands put together; exit codes and the ends of commands are those of `bench.cli.boundary`.

A command's module is imported when the command is called, and what it needs when it runs: `--help` waits for neither.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from bench.cli.boundary import BrokenInstallation, Wrapped, ended

COMMANDS = {
    "narrate": ("narrate", "Speak a text with a face and a voice, and say where the clip lies."),
    "run": ("runs", "Generate, measure, score and report a study."),
    "demo": ("runs", "Run the bundled study on the bundled corpus; ends by naming the report to open."),
    "report": ("reporting", "Render the report of a run again; of several runs: leaderboard, trends, what changed."),
    "score": ("scores", "Numbers for two folders of clips, without a study file."),
    "stats": ("stats", "Reference statistics: what a set of real clips is to FID, FVD and FAD."),
    "compare": (
        "comparing",
        "Whether runs, or generators of one run, differ: better, worse, or by no more than so many clips can show.",
    ),
    "agreement": (
        "agreeing",
        "Which metrics agree on the ranking of a run's generators, which are redundant, and which agree with people.",
    ),
    "gate": ("gates", "Hold a run against a reference file, cell by cell."),
    "archive": (
        "archives",
        "Write a finished run into one file: results, scores by clip, costs, environment and study.",
    ),
    "unpack": ("archives", "Verify an archive and unpack it into a run's folder, all of it or nothing."),
    "profile": ("profile", "Time generators and metrics: latency, real-time factors, stages, memory, work."),
    "selfcheck": ("selfcheck", "Check every metric on small bundled inputs against stored numbers, stage by stage."),
    "doctor": ("doctor", "Check packages, codecs, weights and devices; each row says how to mend what is missing."),
    "version": ("version", "Print the version."),
    "data": ("data", "Datasets: which there are, and what of one can be used."),
    "metrics": ("lists", "The metrics that a study may name."),
    "generators": ("lists", "The generators that a study may name."),
    "weights": ("lists", "Network weights: where they are, where they come from."),
    "train": ("training", "Train the bundled generator and write a checkpoint; killed, the same command continues."),
    "ablate": (
        "ablating",
        "Train the variants of the entangled latent space and judge the paper's ablation; killed, it continues.",
    ),
    "checkpoint": ("checkpoint", "Checkpoints of the bundled generator."),
    "paper": ("paper", "The paper's tables, published beside measured."),
}
"""Of each command its module in `bench.cli`, and the first line of its help."""


class _Commands(TyperGroup):
    """The top-level commands, known by name and made on demand.

    What the library would swallow of their errors goes on to the boundary.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": dict.fromkeys(COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None if there is none."""
        return _made(COMMANDS[cmd_name][0])[cmd_name] if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands that `--help` shows."""
        room = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([
                (name, TyperCommand(name, help=line).get_short_help_str(room)) for name, (_, line) in COMMANDS.items()
            ])  # fmt: skip

    def invoke(self, ctx: Any) -> Any:
        """Invoke the command that the context names."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, OSError) as error:
            raise Wrapped from error


@cache
def _made(module: str) -> dict[str, Any]:
    """The commands of a module by name."""
    try:
        register = import_module(f"bench.cli.{module}").register
    except Exception as error:  # whatever a damaged or half-installed package raises
        raise BrokenInstallation from error
    own = typer.Typer(rich_markup_mode=None)
    register(own)
    return dict(typer.main.get_group(own).commands)


app = typer.Typer(
    cls=_Commands,
    help="Evaluate generators that turn a text, a face and a voice into a narrated talking-face video.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.callback()(lambda: None)


def invoke() -> int | None:
    """Do what the command line says; the exit code where a command names one."""
    code = typer.main.get_command(app).main(prog_name="narrator-bench", standalone_mode=False)
    return code if isinstance(code, int) else None


def main() -> None:
    """Run the command line; whatever goes wrong is one sentence, see `bench.cli.boundary`."""
    sys.exit(ended(invoke))
