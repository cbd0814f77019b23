"""`train`: the bundled generator's training, from clips to a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import folder_to_write
from bench.cli.printing import print_line


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("train")(train)


def train(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A YAML file, or the study that ships: bundled.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", parser=folder_to_write("--out", "the training's folder"), metavar="FOLDER",
            help="The training's folder; an existing one is continued.",
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="STAGE",
            help="Train this stage alone (may be repeated). Stages that do not need each other can so be trained at the"
            " same time; without it the same folder is completed and the checkpoint written.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Train the bundled generator and write a checkpoint; killed, the same command continues."""
    from bench.errors import UserMistake
    from bench.training import find_training
    from bench.workers.pool import default_workers
    from narrator.training.course import run_training
    from narrator.training.errors import TrainingError

    def told(stage: str, done: int, steps: int, losses: dict[str, float]) -> None:
        print_line(f"{stage} {done}/{steps}: " + ", ".join(f"{name} {value:.4g}" for name, value in losses.items()))

    training = find_training(study, out)
    try:
        training.prepare(default_workers())
        trained = run_training(training.study, out, told, training.weight_paths(), training.perceptual(), only or ())
    except TrainingError as error:
        raise UserMistake(str(error)) from error
    if trained.checkpoint is None:
        print_line(f"Still to be trained: {', '.join(trained.missing) or 'nothing; run it without --only'}.")
        return
    if trained.untrained:
        print_line(
            f"Not trained, or not in full: {', '.join(trained.untrained)}; their weights are drawn from the seed."
        )
    print_line(f"Checkpoint: {trained.checkpoint}", style="bold")
