"""`stats make`: reference statistics of a folder of real clips, to score against without the clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import CacheToWrite, chosen_metrics, file_to_write, path_to_read
from bench.cli.printing import print_line
from bench.cli.runs import Device, Workers, shown_progress
from bench.cli.scores import PictureRate
from bench.run.selection import decoding_of
from bench.study import Protocol
from bench.workers.device import metrics_device
from bench.workers.pool import WorkerPool, default_workers


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    stats = typer.Typer(
        help="Reference statistics: what a set of real clips is to FID, FVD and FAD.", no_args_is_help=True
    )
    stats.callback()(lambda: None)
    stats.command("make")(make)
    app.add_typer(stats, name="stats")


def make(
    folder: Annotated[Path, typer.Argument(parser=path_to_read("DIR"), metavar="DIR", help="Folder of real clips.")],
    file: Annotated[
        Path, typer.Argument(parser=file_to_write("FILE"), metavar="FILE", help="The file to write, .npz.")
    ],
    metrics: Annotated[str, typer.Option(help="Frechet distances from `metrics list`: fid,fvd,fad-ge2e.")] = (
        "fad-ge2e,fid,fvd"
    ),
    max_seconds: Annotated[float, typer.Option(min=0.1, help="Only the first seconds of a clip count.")] = 10.0,
    fps: PictureRate = None,
    workers: Workers = 0,
    device: Device = "",
    cache: CacheToWrite = None,
) -> None:
    """Measure real clips once, keep mean and covariance of their features; `score --real FILE` compares with them."""
    from bench.scoring.reference_sets import make_reference_file

    protocol = Protocol(max_seconds=max_seconds)
    chosen = chosen_metrics(metrics)
    with shown_progress() as progress:
        pool = WorkerPool(workers or default_workers())
        made = make_reference_file(
            folder, file, chosen, decoding_of(protocol), metrics_device(device), pool, cache, progress, fps
        )
    for name, one in made.sets.items():
        print_line(f"{name}: {one.clips} clips, {one.vectors} vectors of {len(one.mean)} dimensions")
    for subject, reason in made.left_out.items():
        print_line(f"left out: {subject}: {reason}")
    print_line(f"Statistics: {file}", style="bold")
