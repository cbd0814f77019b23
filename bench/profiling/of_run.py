"""The profile of a run: its own generators on its own prompts, in its folder, where report and `gate` look for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench import plugins
from bench.choice import Choice
from bench.environment import other_version
from bench.files import read_json
from bench.profiling.calls import Call
from bench.profiling.report import profile_report, session_of
from bench.profiling.subject import subject
from bench.run.folder import RunFolder
from bench.study import ProfileRequest, Study
from reports.profiles import FILE, ProfileReport
from reports.results import ResultsError


def computing(study: Study) -> list[Choice]:
    """The generators of a study that compute something; the others hand over clips of a dataset."""
    return [
        choice for choice in study.generators if not hasattr(plugins.find("generator", choice.plugin), "for_dataset")
    ]


def profile_of_run(
    study: Study, request: ProfileRequest, run: RunFolder, shown: Callable[[Iterable[Call], int, str], Iterable[Call]]
) -> ProfileReport:
    """The profile that a study asks for: the one in the run's folder if it is still true, else made anew.

    It is where it answers the same request, is of the run's version, and no clip of the run was made after it.
    """
    chosen = [choice for choice in computing(study) if request.generators is None or choice.name in request.generators]
    if (kept := _kept(run, study, request, chosen)) is not None:
        return kept
    subjects = [subject(choice, study.folder, "", study.time_limit) for choice in chosen]
    session, told = session_of(
        study.datasets[0], request.prompts, study.seed, subjects[0].device if subjects else "cpu", shown,
        rounds=request.rounds, scenario=request.scenario,
    )  # fmt: skip
    return profile_report(subjects, session, told, (), lambda choice: subject(choice, study.folder, "", None))


def _kept(run: RunFolder, study: Study, request: ProfileRequest, chosen: list[Choice]) -> ProfileReport | None:
    try:
        made = (run.root / FILE).stat().st_mtime_ns
        report = ProfileReport.read(run.root / FILE)
    except (OSError, ResultsError):
        return None
    if any(cost.stat().st_mtime_ns > made for cost in (run.root / "costs").glob("*/*/*.json")):
        return None
    environment = read_json(run.environment)
    if isinstance(environment, dict) and other_version(environment, report.environment):
        return None
    asked = {"dataset": study.datasets[0].name, "count": request.prompts, "seed": study.seed}
    same = asked.items() <= report.prompts.items() and [
        (told.generator, told.plugin, told.options, told.scenario, told.rounds) for told in report.generators
    ] == [(c.name, c.plugin, dict(c.options), request.scenario, request.rounds) for c in chosen]
    return report if same else None
