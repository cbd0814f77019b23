"""`profile`: how long generators and metrics take, where, and whether one is faster than another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bench import plugins
from bench.choice import Choice
from bench.cli.arguments import chosen_generators, chosen_metrics, folder_to_write, path_to_read
from bench.cli.printing import Json, print_line, progress_display, tracked
from bench.cli.runs import incomplete
from bench.errors import UserMistake, shown
from bench.options import options_of, unknown_option
from bench.study import DatasetChoice, Protocol, Study, find_study
from bench.workers.device import metrics_device
from metrics.base.hints import nearest

if TYPE_CHECKING:
    from rich.progress import Progress

    from bench.profiling.single import Scenario
    from bench.profiling.subject import Subject
    from reports.profiles import MetricProfile, ProfileReport

MOST_FAILED = 0.1
"""Share of the prompts that may fail before the command ends with exit code 1."""
SCENARIOS = ("single", "batch", "stream")


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("profile")(profile)


def profile(
    generators: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="GENERATOR...",
            help="Names from `generators list`, with options: narrator:preset=small:steps=2. Two are timed in turns.",
        ),
    ] = None,
    scenario: Annotated[
        str,
        typer.Option(
            help="single: one prompt after another; batch: and several at once, up to --prompts; stream: and the time "
            "to the first sound and frames."
        ),
    ] = "single",
    prompts: Annotated[int, typer.Option(min=1, help="How many prompts are timed.")] = 8,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often every prompt is timed; `gate` compares the quickest of each prompt.")
    ] = 1,
    percentiles: Annotated[
        str, typer.Option(help="Percentiles to report; by default 50, 90, 95 and 99 where there are enough prompts.")
    ] = "",
    device: Annotated[
        str, typer.Option("--device", help="cpu, cuda, cuda:1, for generators that have the option; else their own.")
    ] = "",
    study: Annotated[
        str, typer.Option(help="Take prompts from the first dataset of this study, and generators by its labels.")
    ] = "",
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds that one clip may take.")] = 600.0,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=V,V,V: how the time grows with length (texts in one clip), resolution (factors on the image's "
            "sides) or an option, such as steps=2,4,8."
        ),
    ] = None,
    metrics: Annotated[
        str, typer.Option(help="Profile metrics as well, or alone: fid:stride=10,fvd; --device is where they run.")
    ] = "",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Each prompt's seed follows from it; the study's, if there is one, or 0.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=folder_to_write("--out", "the profile's folder"),
            metavar="FOLDER",
            help="Write profile.json, tables and figures here.",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            parser=path_to_read("--into"),
            metavar="RUN",
            help="Profile a run's own generators on its own prompts, into the run's folder, report and `gate`.",
        ),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Write a trace of one clip of each generator to --out, for Chrome's viewer.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Time generators and metrics: latency, real-time factors, stages, memory, work.

    Two generators are also timed in turns on the same prompts, beside a control of the first against itself, and a
    difference is claimed only beyond what the control shows. Exit code 1 where more than a tenth of the prompts fail,
    or timed clips differ from untimed ones.
    """
    from bench.profiling.growth import LENGTH, RESOLUTION, read_variation
    from bench.profiling.prompts import CORPUS
    from bench.profiling.report import profile_report, session_of, write_traces

    if scenario not in SCENARIOS:
        raise UserMistake(f"--scenario '{shown(scenario, 80)}' is unknown.{nearest(scenario, SCENARIOS)}")
    if into is not None:
        study, folder, generators = _of_run(into, study, folder, generators)
    if not generators and not metrics:
        raise UserMistake("Name a generator, or metrics with --metrics, for example `narrator-bench profile cascade`.")
    if trace and folder is None:
        raise UserMistake("--trace writes files: name a folder for them with --out.")
    percents = _percents(percentiles, prompts)
    measured = chosen_metrics(metrics) if metrics else ()
    variations = [read_variation(written) for written in vary or ()]
    known = find_study(study) if study else None
    dataset = known.datasets[0] if known else CORPUS
    build = _builder(known, device, time_limit)
    subjects = [build(choice) for choice in _choices(generators or [], known)]
    for over in {variation.over for variation in variations} - {LENGTH, RESOLUTION}:
        for subject in subjects:
            _check_option(subject.choice, over)
    with progress_display() as display:
        session, told = session_of(
            dataset, prompts if subjects else 0, known.seed if known and seed is None else seed or 0,
            subjects[0].device if subjects else device,
            lambda calls, total, doing: tracked(display, calls, total, doing),
            scenario=cast("Scenario", scenario), percents=percents, rounds=rounds,
        )  # fmt: skip
        report = profile_report(subjects, session, told, variations, build)
        if folder is not None and trace:
            write_traces(subjects, session, folder / "traces")
        if measured:
            found = _metrics(measured, dataset, 2 * prompts, metrics_device(device), display)
            report = report.model_copy(update={"metrics": found})
    _show(report, folder, as_json)
    if into is not None:
        from reports import render

        render(into)
    if problem := _problem(report):
        incomplete(problem)


def _of_run(run: Path, study: str, folder: Path | None, generators: list[str] | None) -> tuple[str, Path, list[str]]:
    """Study, place and generators of a run: all that compute, if none is named."""
    from bench.profiling.of_run import computing

    if folder is not None:
        raise UserMistake("--into writes into the run's folder: leave out --out.")
    if not (run / "results.json").is_file():
        raise UserMistake(f"{run} holds no results.json: name the folder that --out of `narrator-bench run` named.")
    study = study or str(run / "study.yaml")
    return study, run, generators or [choice.name for choice in computing(find_study(study))]


def _choices(names: list[str], study: Study | None) -> list[Choice]:
    """The generators, by their labels in the study or by their own names."""
    labelled = {choice.name: choice for choice in study.generators} if study else {}
    others = [name for name in names if name not in labelled]
    chosen = dict(zip(others, chosen_generators(others), strict=True)) if others else {}
    return [labelled.get(name) or chosen[name] for name in names]


def _builder(study: Study | None, device: str, time_limit: float) -> Callable[[Choice], Subject]:
    from bench.profiling.subject import subject

    if device:
        metrics_device(device)
    folder = study.folder if study else Path.cwd()
    return lambda choice: subject(choice, folder, device, time_limit)


def _check_option(choice: Choice, name: str) -> None:
    options = options_of(plugins.find("generator", choice.plugin))
    if options.known and name not in options.types:
        raise unknown_option(f"The generator '{choice.name}'", name, options)


def _metrics(
    choices: Sequence[Choice], dataset: DatasetChoice, most: int, device: str, display: Progress
) -> tuple[MetricProfile, ...]:
    """Metrics on so many clips, or on as many as the dataset has."""
    from bench.profiling.metrics import profiled_metric
    from bench.run.selection import clip_file, decoding_of, load_index
    from bench.workers.threads import single_thread

    clips = [clip_file(sample) for sample in load_index(dataset).samples[:most]]
    if len(clips) < 2:
        raise UserMistake(f"Dataset '{dataset.name}' has fewer than two clips, and metrics compare clips.")
    with single_thread():
        told = (profiled_metric(choice, clips, decoding_of(Protocol()), device) for choice in choices)
        return tuple(tracked(display, told, len(choices), "metrics"))


def _show(report: ProfileReport, folder: Path | None, as_json: bool) -> None:
    from reports.profile_rendering import render_profile
    from reports.profile_tables import profile_tables
    from reports.terminal import plain

    if as_json:
        print(report.model_dump_json(by_alias=True, indent=1))
    else:
        print_line("\n\n".join(map(plain, profile_tables(report))))
    if folder is not None:
        page = render_profile(report, folder)
        if not as_json:
            print_line(f"Profile: {page}", style="bold")


def _problem(report: ProfileReport) -> str | None:
    """Why the command ends with exit code 1; None if it ends well."""
    for told in report.generators:
        first = next(iter(told.failed.values()), "")
        if told.latency is None:
            return f"{told.generator} narrated none of the prompts that it was tried with ({shown(first)})."
        if len(told.failed) > MOST_FAILED * told.prompts:
            return (
                f"{told.generator} failed at {len(told.failed)} of {told.prompts} prompts ({shown(first)}): its times "
                "are those of the others alone."
            )
        if told.output is not None and told.output.different:
            return (
                f"{told.generator} made other output when it was not timed ({', '.join(told.output.different)}): for "
                "one prompt and seed it must always make the same."
            )
    return None


def _percents(written: str, prompts: int) -> tuple[float, ...]:
    """The percentiles that are asked for, all of which can be told."""
    from bench.profiling.percentiles import DEFAULT, needs

    if not written:
        return DEFAULT
    told = []
    for part in written.split(","):
        try:
            percent = float(part)
        except ValueError:
            percent = 0.0
        if not 0 < percent < 100:
            raise UserMistake(f"--percentiles '{shown(part, 40)}' is no number between 0 and 100, such as 50,90.")
        if prompts < needs(percent):
            raise UserMistake(
                f"--percentiles {percent:g} takes at least {needs(percent)} prompts and --prompts is {prompts}: raise "
                "it, or leave that percentile out."
            )
        told.append(percent)
    return tuple(told)
