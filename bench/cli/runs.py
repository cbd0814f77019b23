"""`run`, `demo`: the commands that make results and render their report."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bench.cli.arguments import RunToWrite, path_to_read, roots_by_dataset
from bench.cli.previewing import preview
from bench.cli.printing import err, out, print_line, print_rows, progress_display, tracked
from bench.errors import UserMistake
from bench.run.folder import RunFolder
from bench.study import ProfileRequest, Study, find_study
from bench.workers.device import metrics_device
from bench.workers.pool import default_workers
from bench.workers.progress import Progress, Result, Step
from bench.workers.shard import Shard, torchrun_shard, wait_for_all_ranks

if TYPE_CHECKING:
    from bench.workers.cluster import Cluster
    from reports.results import Results

Workers = Annotated[
    int, typer.Option("--workers", min=0, help="Worker processes (0: one per core); the numbers do not depend on it.")
]
Device = Annotated[
    str, typer.Option("--device", help="Where the metrics' networks run: cpu, cuda, cuda:1; a GPU if there is one.")
]


class Engine(str, enum.Enum):
    """Who does the work."""

    PROCESSES = "processes"
    DASK = "dask"


Elsewhere = Callable[[Study, RunFolder, int, str], "Cluster"]
"""Makes the cluster for a study's run with a number of workers and the device of its metrics."""


@dataclass(frozen=True)
class How:
    """How a run is done.

    Attributes:
        shard: this process's part.
        device: of the metrics, as it was written.
        elsewhere: makes the cluster that generates and measures; None where this machine does.
        scored: whether it ends with results and a report.
    """

    shard: Shard
    device: str
    elsewhere: Elsewhere | None = None
    scored: bool = True


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    for command in (run, demo):
        app.command(command.__name__)(command)


def run(
    folder: RunToWrite,
    study: Annotated[str, typer.Argument(help="A study file, or the name of a bundled study.")] = "",
    workers: Workers = 0,
    device: Device = "",
    shard: Annotated[str | None, typer.Option(help="i/n: do the i-th of n shards (1-based), without scoring.")] = None,
    engine: Annotated[
        Engine, typer.Option(help="Who generates and measures: processes of this machine, or a Dask cluster.")
    ] = Engine.PROCESSES,
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="With --engine dask: the scheduler's; a cluster of this machine if none."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, why, and for how long; write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON instead of tables.")] = False,
    from_results: Annotated[
        Path | None,
        typer.Option(
            "--from-results", parser=path_to_read("--from-results"), metavar="FILE",
            help="Instead of STUDY: replay that of a run's folder, results file or archive, and say what differs.",
        ),
    ] = None,
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET=PLACE", help="With --from-results: where a dataset lies on this machine."),
    ] = None,
    programs: Annotated[
        bool, typer.Option("--run-programs", help="With --from-results: start the programs that an archive names.")
    ] = False,
) -> None:  # fmt: skip
    """Generate, measure, score and report a study."""
    how = How(_shard(workers, shard), device, _elsewhere(engine, address, shard), scored=shard is None)
    if as_json and not dry_run:
        raise UserMistake("--json goes with --dry-run; a run's numbers are in its results.json.")
    if from_results is None:
        if not study:
            raise UserMistake("run needs a study, by its file or name, or --from-results with a run or an archive.")
        if root or programs:
            raise UserMistake("--root and --run-programs go with --from-results; in a study write them there.")
        found = find_study(study)
        if not dry_run:
            _run(found, folder, how)
            return
        with shown_progress() as progress:
            preview(found, RunFolder(folder), how.shard, device, as_json, progress)
        return
    if dry_run:
        raise UserMistake("--dry-run looks at a study and its run: leave out --from-results.")
    if study:
        raise UserMistake("--from-results brings its own study: leave out STUDY, or --from-results.")
    from bench.archiving.replay import study_to_replay

    replayed, before = study_to_replay(from_results, roots_by_dataset(root or ()), programs, folder)
    _run(replayed, folder, how, before)


def demo(
    folder: RunToWrite = Path("demo-run"),
    workers: Workers = 0,
    device: Device = "",
) -> None:
    """Run the bundled study on the bundled corpus; ends by naming the report to open."""
    _run(find_study("demo"), folder, How(Shard(workers or default_workers()), device))


def _shard(workers: int, shard: str | None) -> Shard:
    if shard is None:
        rank = torchrun_shard()
        return Shard(workers or default_workers()) if rank is None else Shard(workers or default_workers(), *rank)
    number, _, count = shard.partition("/")
    if not (re.fullmatch("[0-9]{1,9}/[0-9]{1,9}", shard) and 1 <= int(number) <= int(count)):
        raise UserMistake(f"--shard {shard!r} is not i/n with 1 <= i <= n, for example --shard 2/4.")
    return Shard(workers or default_workers(), int(number) - 1, int(count))


def _elsewhere(engine: Engine, address: str | None, shard: str | None) -> Elsewhere | None:
    """Who generates and measures where that is a cluster."""
    if engine is Engine.PROCESSES:
        if address is not None:
            raise UserMistake("--address goes with --engine dask.")
        return None
    if shard is not None or torchrun_shard() is not None:
        raise UserMistake("--engine dask divides the work itself: leave out --shard and torchrun.")

    def cluster(study: Study, run: RunFolder, workers: int, device: str) -> Cluster:
        from bench.run.selection import mirror_of
        from bench.workers.cluster import Cluster

        places = (mirror.root if (mirror := mirror_of(choice)) else choice.root for choice in study.datasets)
        return Cluster(address, workers, run.root, device, (place for place in places if isinstance(place, Path)))

    return cluster


def _run(study: Study, root: Path, how: How, before: Results | None = None) -> None:
    from bench.run.execute import Execution
    from reports import render

    shard, scored, folder = how.shard, how.scored, RunFolder(root.resolve() if how.elsewhere else root)
    device, elsewhere = metrics_device(how.device), how.elsewhere
    crew = functools.partial(elsewhere, study, folder, shard.workers, device) if elsewhere else None
    with shown_progress() as progress:
        execution = Execution(study, folder, shard, device, progress, crew)
        execution.work()
        if torchrun_shard() is not None:
            wait_for_all_ranks()
    if not scored or shard.index != 0:
        out.print(f"Shard {shard.index + 1} of {shard.count} is done; the run without --shard scores all of them.")
        return
    results = execution.finish()
    if study.profile is not None:
        _profile(study, study.profile, folder)
    page = render(folder.root)
    _show(results)
    if execution.measured.damaged:
        out.print(f"{execution.measured.damaged} damaged statistics files were measured again.", highlight=False)
    out.print(f"Report: {page}", markup=False, highlight=False, style="bold")
    if before is not None:
        _show_replay(before, results)
    if problem := _problem(results, study.max_failed):
        incomplete(problem)


def _profile(study: Study, request: ProfileRequest, folder: RunFolder) -> None:
    from bench.profiling.of_run import profile_of_run
    from reports.profile_rendering import render_profile

    with progress_display() as display:
        report = profile_of_run(
            study, request, folder, lambda calls, total, doing: tracked(display, calls, total, doing)
        )
    render_profile(report, folder.root)


def _show_replay(before: Results, now: Results) -> None:
    from bench.archiving.replay import RELATIVE, differences, other_clips

    rows = [asdict(difference) for difference in differences(before, now)]
    if rows:
        print_rows(rows, False, "Replay: other than then")
    print_line(f"Replay: {len(now.cells) - len(rows)} of {len(now.cells)} cells are as then, within {RELATIVE:g}.")
    if told := other_clips(before, now):
        print_line(told)


def incomplete(problem: str) -> NoReturn:
    """End with exit code 1: the command did what it could, and what came of it is not what was asked for."""
    err.print(f"narrator-bench: {problem}", style="bold red", markup=False, highlight=False)
    raise typer.Exit(1)


def _problem(results: Results, max_failed: float) -> str | None:
    """Why a run that is done ends with exit code 1; None if it ends well.

    That damaged prompts are refused is what a stress study finds out, and no failure of the run; and where no prompt
    has a reference clip, its bounds have nothing to give.
    """
    results = results.plain
    referenced = {clip.dataset for clip in results.clips if clip.reference}
    nothing = [
        p for p in results.profiles
        if not p.clips and (p.dataset in referenced or p.generator not in results.study.bounds)
    ]  # fmt: skip
    if nothing:
        named = ", ".join(f"{profile.generator} on {profile.dataset}" for profile in nothing)
        return f"No clip at all was generated by {named}: see the reasons in the report."
    beyond = [c for c in results.cells if c.value is None and "failed_left_out" in c.details]
    if beyond:
        named = ", ".join(dict.fromkeys(f"{cell.generator} on {cell.dataset}" for cell in beyond))
        return f"More clips than max_failed = {max_failed:g} allows lack a score: {named}; see the report."
    if all(cell.value is None for cell in results.cells):
        return "No cell has a value: see the reasons in the report."
    return None


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show on a progress bar how far a pass over tasks is."""
    with progress_display() as display:

        def progress(
            results: Iterable[Result], total: int, doing: str, step: Callable[[Result], Step] | None = None, /
        ) -> Iterable[Result]:
            return tracked(display, results, total, doing, step)

        yield progress


def _show(results: Results) -> None:
    from reports.terminal import terminal_tables

    out.print(terminal_tables(results), markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
