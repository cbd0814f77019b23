"""`run`, `demo`, `report`: the commands that make and render results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.printing import out, progress, tracked
from bench.mistakes import UserMistake
from bench.run_folder import RunFolder
from bench.study import Study, find_study
from bench.workers import Result, Share, Watch, choose_device, default_workers, torchrun_shard, wait_for_all_ranks

if TYPE_CHECKING:
    from reports.results import Results

Workers = Annotated[
    int, typer.Option("--workers", min=0, help="Worker processes (0: one per core); the numbers do not depend on it.")
]
Device = Annotated[
    str, typer.Option("--device", help="Where the metrics' networks run: cpu, cuda, cuda:1; a GPU if there is one.")
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    for command in (run, demo, report):
        app.command(command.__name__)(command)


def run(
    study: Annotated[str, typer.Argument(help="A study file, or the name of a bundled study.")],
    folder: Annotated[Path, typer.Option("--out", help="The run's folder; an existing one is continued.")],
    workers: Workers = 0,
    device: Device = "",
    shard: Annotated[str | None, typer.Option(help="i/n: do the i-th of n shares (1-based), without scoring.")] = None,
) -> None:
    """Generate, measure, score and report a study."""
    choose_device(device)
    _run(find_study(study), RunFolder(folder), _share(workers, shard), scored=shard is None)


def demo(
    folder: Annotated[Path, typer.Option("--out", help="The run's folder; an existing one is continued.")] = Path(
        "demo-run"
    ),
    workers: Workers = 0,
    device: Device = "",
) -> None:
    """Run the bundled study on the bundled corpus; ends by naming the report to open."""
    choose_device(device)
    _run(find_study("demo"), RunFolder(folder), Share(workers or default_workers()), scored=True)


def report(folder: Annotated[Path, typer.Argument(help="A run's folder.")]) -> None:
    """Render the report of a run again."""
    if not (folder / "results.json").is_file():
        raise UserMistake(f"{folder} holds no results.json: name the folder that --out of `narrator-bench run` named.")
    from reports import render

    out.print(f"Report: {render(folder)}", markup=False, highlight=False)


def _share(workers: int, shard: str | None) -> Share:
    if shard is None:
        rank = torchrun_shard()
        return Share(workers or default_workers()) if rank is None else Share(workers or default_workers(), *rank)
    number, slash, count = shard.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UserMistake(f"--shard {shard!r} is not i/n with 1 <= i <= n, for example --shard 2/4.")
    return Share(workers or default_workers(), int(number) - 1, int(count))


def _run(study: Study, folder: RunFolder, share: Share, scored: bool) -> None:
    from bench import run as running
    from reports import render

    with watching() as watch:
        errors = running.work(study, folder, share, watch)
        if torchrun_shard() is not None:
            wait_for_all_ranks()
    if not scored or share.shard != 0:
        out.print(f"Share {share.shard + 1} of {share.shards} is done; the run without --shard scores all of them.")
        return
    results = running.finish(study, folder, errors)
    page = render(folder.root)
    _show(results)
    out.print(f"Report: {page}", markup=False, highlight=False, style="bold")


@contextmanager
def watching() -> Iterator[Watch]:
    """Show on a progress bar how far a pass over tasks is."""
    with progress() as display:

        def watch(results: Iterable[Result], total: int, doing: str) -> Iterable[Result]:
            return tracked(display, results, total, doing)

        yield watch


def _show(results: Results) -> None:
    from reports.terminal import terminal_tables

    out.print(terminal_tables(results), markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
