"""`ablate`: the variants of the entangled latent space trained, narrated, measured, and the paper's claims judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import folder_to_write
from bench.cli.printing import print_line


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("ablate")(ablate)


def ablate(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A YAML file, or the one that ships: small-ablation.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", parser=folder_to_write("--out", "the ablation's folder"), metavar="FOLDER",
            help="The ablation's folder; an existing one is continued.",
        ),
    ],
    training: Annotated[
        Path | None,
        typer.Option(
            "--training", parser=folder_to_write("--training", "the shared training's folder"), metavar="FOLDER",
            help="Folder of the training that all variants share, done or not; FOLDER/training of --out if not said.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIANT", help="Train this variant (STE, or STE-2 of one seed) and stop; repeatable."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Worker processes (0: one per core).")] = 0,
) -> None:  # fmt: skip
    """Train the variants of the entangled latent space and judge the paper's ablation; killed, it continues."""
    from bench.ablating.carrying_out import carry_out, train_variants
    from bench.ablating.plan import find_ablation
    from bench.cli.runs import shown_progress
    from bench.errors import UserMistake
    from bench.workers.pool import default_workers
    from narrator.training.errors import TrainingError

    shared = training or out / "training"
    ablation = find_ablation(plan, shared)
    workers = workers or default_workers()
    try:
        if only:
            for label, checkpoint in train_variants(ablation, shared, out, workers, print_line, only).items():
                print_line(f"{label}: {checkpoint}", style="bold")
            return
        with shown_progress() as progress:
            findings, page = carry_out(ablation, shared, out, workers, print_line, progress)
    except TrainingError as error:
        raise UserMistake(str(error)) from error
    for judged in findings.claims:
        print_line(f"{judged.verdict}: {judged.claim}, by {judged.metric}. {judged.evidence}")
    print_line(f"Report: {page}", style="bold")
