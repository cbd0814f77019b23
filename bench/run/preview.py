"""What a run would do, what is done already, why, and for how long; nothing is written into the run's folder.

The clips are selected and the prompts built as the run itself would, in a temporary folder, because what a prompt is
decides what is done already. So it takes about as long as the run's own selection.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bench.errors import UserMistake
from bench.media.clip_file import ClipFile
from bench.media.container import UnreadableClip
from bench.plugins import built_metric, lacking_weights
from bench.run.costs import Costs, parts_of
from bench.run.folder import RunFolder
from bench.run.generate import GeneratingTask, built_generator
from bench.run.plan import record_of, task_of
from bench.run.prompts import prompt_hash
from bench.run.records import NOT_GENERATED
from bench.run.selection import Selection, clip_file, decoding_of, read_selection, select
from bench.run.stress import asked_hash
from bench.scoring.length import Length
from bench.scoring.measure import Measuring
from bench.scoring.pairs import Pair
from bench.scoring.spent import Spent, clip_work, pair_work
from bench.scoring.store import StatisticsStore
from bench.scoring.trace import Trace
from bench.study import Study
from bench.sweep import GeneratorChoice
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from bench.workers.shard import Shard
from metrics.base.metric import ClipMetric, PairedMetric

REAL = "(real clips)"
DECODING = "(decoding)"
_PARTS = {"generator": "options", "files": "a file", "code of media": "code"}
"""Parts of an identity that people know under another name."""


@dataclass
class Step:
    """One stage of the work, for one generator on one dataset.

    Attributes:
        stage: what is done; "measure" is of single clips, "compare" of pairs.
        generator: whose clips; `REAL` for the references.
        metric: of measuring and comparing; `DECODING` for the passes that metrics share.
        to_do, done: clips.
        why: how many clips are to be done for which reason.
        seconds: about how long, on all workers together; None where nothing like it was measured yet.
    """

    stage: Literal["generate", "measure", "compare"]
    dataset: str
    generator: str
    metric: str = ""
    to_do: int = 0
    done: int = 0
    why: Counter[str] = field(default_factory=Counter)
    seconds: float | None = 0.0

    def count(self, reason: str | None, seconds: float | None) -> None:
        """Count one clip: done where there is no reason, else to be done for it in so many seconds."""
        if reason is None:
            self.done += 1
            return
        self.to_do += 1
        self.why[reason] += 1
        self.seconds = None if seconds is None or self.seconds is None else self.seconds + seconds


def preview_of(study: Study, run: RunFolder, shard: Shard, device: str, progress: Progress) -> list[Step]:
    """Every stage of the run, in the order of the study.

    Raises:
        UserMistake: the study cannot be run, or the folder is another study's.
    """
    study.check_plugins()
    run.check(study.name)
    with tempfile.TemporaryDirectory(prefix="narrator-bench-") as temporary, WorkerPool(shard.workers) as pool:
        now = RunFolder(Path(temporary))
        if run.recognised.is_dir():
            shutil.copytree(run.recognised, now.recognised)
        for dataset in progress(study.datasets, len(study.datasets), "select"):
            select(study, dataset, now, pool, copies=False)
        return _Preview(study, run, now, shard, device).steps()


class _Preview:
    def __init__(self, study: Study, run: RunFolder, now: RunFolder, shard: Shard, device: str) -> None:
        self._study, self._run, self._now, self._shard, self._device = study, run, now, shard, device
        self._costs = Costs(run)
        self._spent: Spent = self._costs.measuring()
        self._before = self._costs.metrics_made_of()
        self._measuring = Measuring(
            run.measured(device), decoding_of(study.protocol), study.metrics, device, traced=True
        )
        self._named = {
            choice.name: metric
            for choice in study.metrics
            if lacking_weights(metric := built_metric(choice, device)) is None
        }
        self._changed = {name: self._change_of(name) for name in self._named}
        self._taken: set[Path] = set()
        self._identities: dict[ClipFile, str] = {}

    def steps(self) -> list[Step]:
        """Generating, then measuring, as the run does them."""
        generated: list[Step] = []
        measured: list[Step] = []
        for dataset in self._study.datasets:
            selection = read_selection(self._now, dataset.name)
            files: dict[tuple[str, str], ClipFile | None] = {}
            for choice in self._study.generators:
                step, made = self._generate(choice, selection)
                generated.append(step)
                files |= {(choice.name, key): file for key, file in made.items()}
            measured += self._measure(selection, files)
        return [*generated, *measured]

    def _generate(self, choice: GeneratorChoice, selection: Selection) -> tuple[Step, dict[str, ClipFile | None]]:
        """What is left to generate, and the clips by key; None where a clip is to be made first."""
        step = Step("generate", selection.dataset, choice.name)
        keys = [clip.key for clip in selection.clips if self._shard.owns(clip.key)]
        seconds = self._costs.seconds(choice.name, selection.dataset)
        files: dict[str, ClipFile | None] = {}
        try:
            generator = built_generator(
                self._now, selection.dataset, choice.itself.model_dump_json(), self._study.folder
            )
        except UserMistake:
            raise
        except Exception as error:  # a plug-in may raise anything
            for _ in keys:
                step.count(f"cannot be built ({error})", None)
            return step, {}
        for key in keys:
            task = task_of(self._study, self._now, choice, generator, selection.dataset, key)
            reason = self._reason(task)
            step.count(reason, seconds)
            folder = self._run.generated(choice.name, selection.dataset, key).parent
            files[key] = record_of(self._run, choice.name, selection.dataset, key).clip(folder) if not reason else None
        return step, files

    def _reason(self, task: GeneratingTask) -> str | None:
        """Why a clip has to be made; None where it is there."""
        name, dataset, key = task.generator.name, task.dataset, task.key
        record = record_of(self._run, name, dataset, key)
        if record == NOT_GENERATED:
            return "new"
        if record.error is not None or not record.identity:
            return "failed before"
        if record.identity != task.identity:
            before = self._costs.made_of(name, dataset, key)
            return _changed(before, task.made_of) if before else "changed"
        return None if record.is_intact(self._run.generated(name, dataset, key).parent) else "damaged"

    def _measure(self, selection: Selection, files: Mapping[tuple[str, str], ClipFile | None]) -> list[Step]:
        clips = [clip for clip in selection.clips if self._shard.owns(clip.key)]
        real = [clip_file(sample) for sample in selection.references if self._shard.owns(sample.key)]
        steps = self._of_clips(selection.dataset, REAL, [*real, *(clip.file for clip in clips if clip.file)])
        for choice in self._study.generators:
            own = [(clip, files[choice.name, clip.key]) for clip in clips if (choice.name, clip.key) in files]
            steps += self._of_clips(selection.dataset, choice.name, [file for _, file in own])
            for name, metric in self._named.items():
                if not isinstance(metric, PairedMetric):
                    continue
                step = Step("compare", selection.dataset, choice.name, name)
                store, seconds = StatisticsStore(self._measuring.store, metric), self._spent.mean(pair_work(metric))
                for clip, file in own:
                    if clip.file is None and not metric.reference_free:
                        continue
                    beside, made = self._identity(clip.file), self._identity(file)
                    if file is None or made is None or beside is None:
                        step.count("new clip", seconds)
                        continue
                    asked = asked_hash(prompt_hash(self._now.prompt(selection.dataset, clip.key)), choice)
                    self._count(step, store.pair(Pair(beside, made, asked)), name, seconds)
                steps.append(step)
        return steps

    def _of_clips(self, dataset: str, generator: str, files: list[ClipFile | None]) -> list[Step]:
        """Measuring of single clips: the passes, and each metric's part of them."""
        passes = Step("measure", dataset, generator, DECODING)
        steps = {name: Step("measure", dataset, generator, name) for name in self._named}
        unscored = [kind for kind in self._measuring.built() if isinstance(kind, Length | Trace)]
        for file in files:
            identity = self._identity(file) if file else None
            before = sum(step.to_do for step in steps.values())
            for name, metric in self._named.items():
                seconds = self._spent.mean(clip_work(metric))
                if identity is None:
                    steps[name].count("new clip", seconds)
                else:
                    self._count(steps[name], self._file_of(metric, identity), name, seconds)
            for_metrics = sum(step.to_do for step in steps.values()) > before
            if identity is None:
                reason = "new clip"
            elif for_metrics:
                reason = "metrics"
            elif all(self._file_of(kind, identity).exists() for kind in unscored):
                reason = None
            else:
                reason = "lengths and traces"
            passes.count(reason, self._spent.decoding())
        return [passes, *steps.values()]

    def _file_of(self, metric: ClipMetric | Length | Trace, identity: str) -> Path:
        return StatisticsStore(self._measuring.store, metric).clip(identity)

    def _count(self, step: Step, path: Path, metric: str, seconds: float | None) -> None:
        """Count one file of statistics, once for all clips and metrics that share it."""
        if path.exists() or path in self._taken:
            step.count(None, None)
            return
        self._taken.add(path)
        step.count(self._changed[metric] or "new", seconds)

    def _identity(self, file: ClipFile | None) -> str | None:
        """The hash of a clip's content, "" for no clip; None where it cannot be read."""
        if file is None:
            return ""
        if file not in self._identities:
            try:
                self._identities[file] = file.identity(self._measuring.decoding)
            except UnreadableClip:
                return None
        return self._identities[file]

    def _change_of(self, metric: str) -> str | None:
        """What has changed of a metric since its statistics were made; None where nothing has, or they never were."""
        choice = next(choice for choice in self._study.metrics if choice.name == metric)
        before = self._before.get(metric)
        now = parts_of(choice, self._device)
        return _changed(before, now) if before and before != now else None


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The parts that differ, as a reason."""
    names = [_PARTS.get(part, part) for part in now if before.get(part) != now[part]]
    return f"changed: {', '.join(dict.fromkeys(names))}" if names else "changed"


def summed(steps: list[Step]) -> Step:
    """All steps as one, for their number and time."""
    whole = replace(steps[0], generator="", dataset="", metric="", to_do=0, done=0, why=Counter(), seconds=0.0)
    for step in steps:
        whole.to_do, whole.done, whole.why = whole.to_do + step.to_do, whole.done + step.done, whole.why + step.why
        known = whole.seconds is not None and step.seconds is not None
        whole.seconds = whole.seconds + step.seconds if known else None  # type: ignore[operator]
    return whole
