"""`run`, `demo`, `report`: the commands that make and render results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.printing import out, progress_display, tracked
from bench.errors import UserMistake
from bench.run.folder import RunFolder
from bench.study import Study, find_study
from bench.workers.device import metrics_device
from bench.workers.pool import default_workers
from bench.workers.progress import Progress, Result
from bench.workers.shard import Shard, torchrun_shard, wait_for_all_ranks

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
    shard: Annotated[str | None, typer.Option(help="i/n: do the i-th of n shards (1-based), without scoring.")] = None,
) -> None:
    """Generate, measure, score and report a study."""
    _run(find_study(study), RunFolder(folder), _shard(workers, shard), device, scored=shard is None)


def demo(
    folder: Annotated[Path, typer.Option("--out", help="The run's folder; an existing one is continued.")] = Path(
        "demo-run"
    ),
    workers: Workers = 0,
    device: Device = "",
) -> None:
    """Run the bundled study on the bundled corpus; ends by naming the report to open."""
    _run(find_study("demo"), RunFolder(folder), Shard(workers or default_workers()), device, scored=True)


def report(folder: Annotated[Path, typer.Argument(help="A run's folder.")]) -> None:
    """Render the report of a run again."""
    if not (folder / "results.json").is_file():
        raise UserMistake(f"{folder} holds no results.json: name the folder that --out of `narrator-bench run` named.")
    from reports import render

    out.print(f"Report: {render(folder)}", markup=False, highlight=False)


def _shard(workers: int, shard: str | None) -> Shard:
    if shard is None:
        rank = torchrun_shard()
        return Shard(workers or default_workers()) if rank is None else Shard(workers or default_workers(), *rank)
    number, slash, count = shard.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UserMistake(f"--shard {shard!r} is not i/n with 1 <= i <= n, for example --shard 2/4.")
    return Shard(workers or default_workers(), int(number) - 1, int(count))


def _run(study: Study, folder: RunFolder, shard: Shard, device: str, scored: bool) -> None:
    from bench.run.execute import Execution
    from reports import render

    with shown_progress() as progress:
        execution = Execution(study, folder, shard, metrics_device(device), progress)
        execution.work()
        if torchrun_shard() is not None:
            wait_for_all_ranks()
    if not scored or shard.index != 0:
        out.print(f"Shard {shard.index + 1} of {shard.count} is done; the run without --shard scores all of them.")
        return
    results = execution.finish()
    page = render(folder.root)
    _show(results)
    out.print(f"Report: {page}", markup=False, highlight=False, style="bold")


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show on a progress bar how far a pass over tasks is."""
    with progress_display() as display:

        def progress(results: Iterable[Result], total: int, doing: str) -> Iterable[Result]:
            return tracked(display, results, total, doing)

        yield progress


def _show(results: Results) -> None:
    from reports.terminal import terminal_tables

    out.print(terminal_tables(results), markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
