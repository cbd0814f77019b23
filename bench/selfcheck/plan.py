"""What is to be checked for some metrics on a device, and doing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from bench import plugins
from bench.choice import Choice
from bench.errors import UserMistake, shown
from bench.plugins import built_metric
from bench.selfcheck import analysis, beyond, decoding, networks, numbers, preparing, statistics
from bench.selfcheck.check import STAGES, Budget, Check, Stage
from bench.selfcheck.reading import Reading, read
from bench.selfcheck.record import Number, Record, describe
from bench.workers.pool import spread
from bench.workers.progress import Progress
from metrics import weights
from metrics.base.metric import ClipMetric
from metrics.sets.metric import FeatureSetMetric
from metrics.weights import WeightsError, WeightStatus

CHECKS = (
    *decoding.CHECKS, *preparing.CHECKS, *analysis.CHECKS, *beyond.CHECKS,
    *networks.CHECKS, *statistics.CHECKS,
)  # fmt: skip
"""In the order of their stages."""

_BY_KEY = {check.key: check for check in CHECKS}
_Task = str | tuple[Choice, ...]
_Outcome = Reading | Number | str


@dataclass(frozen=True)
class Plan:
    """Checks and metrics.

    Attributes:
        choices: the metrics.
        required: whether the user named them, so that one that cannot run is a failure.
        stages: which ones are checked.
        device: where networks run.
    """

    choices: tuple[Choice, ...]
    required: bool
    stages: tuple[Stage, ...] = STAGES
    device: str = "cpu"

    @cached_property
    def metrics(self) -> dict[str, ClipMetric]:
        """The metrics by their labels."""
        return {choice.name: built_metric(choice, self.device) for choice in self.choices}

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The checks that concern any of the metrics, by key, in the order of their stages."""
        wanted = [check for check in CHECKS if check.stage in self.stages]
        return {check.key: check for check in wanted if self.concerned(check)}

    @property
    def numbers(self) -> dict[str, Budget]:
        """How far the number of each metric may move; none where the stage is left out."""
        chosen = self.metrics if "numbers" in self.stages else {}
        return {name: numbers.budget(metric) for name, metric in chosen.items()}

    def concerned(self, check: Check) -> tuple[str, ...]:
        """The metrics that depend on what a check looks at."""
        return tuple(name for name, metric in self.metrics.items() if any(map(check.concerns, _parts(metric, check))))

    def run(self, workers: int, progress: Progress) -> Record:
        """Do all that can be done here; nothing is downloaded.

        What fails is a finding like any other: the rest is done all the same.
        """
        states = {status.weights.name: status for status in weights.status()}
        lacking = {check.key: _lacking(check.weights, states) for check in self.checks.values()}
        for name in self.numbers:
            lacking[f"numbers/{name}"] = numbers.unfed(self.metrics[name]) or _unready(self.metrics[name], states)
        runnable = [key for key, reason in lacking.items() if not reason]
        # Whole metrics take the longest, so they come first.
        tasks: list[_Task] = [*self._groups(runnable), *(key for key in runnable if key in self.checks)]
        done: dict[str, _Outcome] = {}
        for outcomes in progress(spread(partial(_done, self.device), tasks, workers), len(tasks), "checking"):
            done |= outcomes
        return Record(
            device=self.device,
            environment=describe(self.device),
            checks={key: got for key, got in done.items() if isinstance(got, Reading)},
            numbers={key.partition("/")[2]: got for key, got in done.items() if isinstance(got, Number)},
            not_run={key: reason for key, reason in lacking.items() if reason},
            failed={key: got for key, got in done.items() if isinstance(got, str)},
        )

    def _groups(self, runnable: Iterable[str]) -> list[tuple[Choice, ...]]:
        """Metrics whose numbers come of the same statistics, together."""
        groups: dict[str, list[Choice]] = {}
        for choice in self.choices:
            if f"numbers/{choice.name}" in runnable:
                groups.setdefault(self.metrics[choice.name].statistics_id, []).append(choice)
        return [tuple(group) for group in groups.values()]


def every_metric() -> tuple[Choice, ...]:
    """All registered metrics that can be built here, a stranger's too."""
    choices = (Choice(name=name, plugin=name) for name in plugins.available("metric"))
    return tuple(choice for choice in choices if _builds(choice))


def _builds(choice: Choice) -> bool:
    try:
        plugins.build_metric(choice)
    except UserMistake:  # a stranger's that is broken, or lacks an option that it needs
        return False
    return True


def _parts(metric: ClipMetric, check: Check) -> Iterator[ClipMetric]:
    """A metric, and for all but the statistics the one whose features it compares."""
    yield metric
    if isinstance(metric, FeatureSetMetric) and check.stage != "statistics":
        yield metric.featured


def _lacking(names: Sequence[str], states: Mapping[str, WeightStatus]) -> str:
    """Why weights cannot be used; "" if they can."""
    for name in names:
        status = states[name]
        if status.state == "fetchable":
            return f"weights '{name}' are not here: `narrator-bench weights fetch {name}`"
        if status.state != "verified":
            return f"weights '{name}' are {status.state}: see `narrator-bench weights list`"
    return ""


def _unready(metric: ClipMetric, states: Mapping[str, WeightStatus]) -> str:
    """Why a metric cannot run here; "" if it can."""
    if "face-detector" in metric.weights:
        return "the bundled clips show nobody"
    listed = [name for name in metric.weights if name in states]
    if listed:
        return _lacking(listed, states)
    try:
        metric.prepare()
    except WeightsError as reason:
        return str(reason).rstrip(".")
    return ""


def _done(device: str, task: _Task) -> dict[str, _Outcome]:
    """What one check gave, or some metrics: readings, numbers, or what went wrong."""
    keys = [task] if isinstance(task, str) else [f"numbers/{choice.name}" for choice in task]
    try:
        if isinstance(task, str):
            return {task: read(_BY_KEY[task].result(device))}
        made = numbers.numbers([built_metric(choice, device) for choice in task])
        return dict(zip(keys, made, strict=True))
    except Exception as error:  # another version of a package may raise anything, and that is what is looked for
        return dict.fromkeys(keys, f"{type(error).__name__}: {shown(error)}".rstrip(".: "))
