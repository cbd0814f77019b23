"""`run`, `demo`: the commands that make results and render their report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bench.cli.arguments import RunToWrite, path_to_read, roots_by_dataset
from bench.cli.printing import err, out, print_line, print_rows, progress_display, tracked
from bench.errors import UserMistake
from bench.run.folder import RunFolder
from bench.study import ProfileRequest, Study, find_study
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
    for command in (run, demo):
        app.command(command.__name__)(command)


def run(
    folder: RunToWrite,
    study: Annotated[str, typer.Argument(help="A study file, or the name of a bundled study.")] = "",
    workers: Workers = 0,
    device: Device = "",
    shard: Annotated[str | None, typer.Option(help="i/n: do the i-th of n shards (1-based), without scoring.")] = None,
    from_results: Annotated[
        Path | None,
        typer.Option(
            "--from-results", parser=path_to_read("--from-results"), metavar="FILE",
            help="Instead of STUDY: replay that of a run's folder, results file or archive, and say what differs.",
        ),
    ] = None,
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET=FOLDER", help="With --from-results: where a dataset lies on this machine."),
    ] = None,
    programs: Annotated[
        bool, typer.Option("--run-programs", help="With --from-results: start the programs that an archive names.")
    ] = False,
) -> None:  # fmt: skip
    """Generate, measure, score and report a study."""
    if from_results is None:
        if not study:
            raise UserMistake("run needs a study, by its file or name, or --from-results with a run or an archive.")
        if root or programs:
            raise UserMistake("--root and --run-programs go with --from-results; in a study write them there.")
        _run(find_study(study), RunFolder(folder), _shard(workers, shard), device, scored=shard is None)
        return
    if study:
        raise UserMistake("--from-results brings its own study: leave out STUDY, or --from-results.")
    from bench.archiving.replay import study_to_replay

    replayed, before = study_to_replay(from_results, roots_by_dataset(root or ()), programs, folder)
    _run(replayed, RunFolder(folder), _shard(workers, shard), device, scored=shard is None, before=before)


def demo(
    folder: RunToWrite = Path("demo-run"),
    workers: Workers = 0,
    device: Device = "",
) -> None:
    """Run the bundled study on the bundled corpus; ends by naming the report to open."""
    _run(find_study("demo"), RunFolder(folder), Shard(workers or default_workers()), device, scored=True)


def _shard(workers: int, shard: str | None) -> Shard:
    if shard is None:
        rank = torchrun_shard()
        return Shard(workers or default_workers()) if rank is None else Shard(workers or default_workers(), *rank)
    number, _, count = shard.partition("/")
    if not (re.fullmatch("[0-9]{1,9}/[0-9]{1,9}", shard) and 1 <= int(number) <= int(count)):
        raise UserMistake(f"--shard {shard!r} is not i/n with 1 <= i <= n, for example --shard 2/4.")
    return Shard(workers or default_workers(), int(number) - 1, int(count))


def _run(
    study: Study, folder: RunFolder, shard: Shard, device: str, scored: bool, before: Results | None = None
) -> None:
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

        def progress(results: Iterable[Result], total: int, doing: str) -> Iterable[Result]:
            return tracked(display, results, total, doing)

        yield progress


def _show(results: Results) -> None:
    from reports.terminal import terminal_tables

    out.print(terminal_tables(results), markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)
