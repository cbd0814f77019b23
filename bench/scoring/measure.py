"""Measuring: every clip is decoded once, all metrics draw on that pass, and the per-clip statistics are kept on disk.

Statistics are named by content (`bench.scoring.store`): clips with equal content, such as a ceiling and its reference,
are measured once, and a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.choice import Choice
from bench.media.audio import native_waveform, resampled
from bench.media.clip import Decoding, UnreadableClip
from bench.media.clip_file import ClipFile
from bench.plugins import built_metric, lacking_weights
from bench.scoring.length import Length
from bench.scoring.pairs import Pair, PromptSource, Wanted
from bench.scoring.spent import PASS, Spent, clip_work, pair_work
from bench.scoring.store import StatisticsStore, discard_damaged, load, save
from bench.scoring.trace import Trace
from bench.workers.crew import Crew, Needs
from bench.workers.machines import DIGITS, Machine, statistics_name
from bench.workers.progress import Progress, Step
from metrics.base.metric import ClipMetric, ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.sharing import shared_work

Item = TypeVar("Item")
Finish = Callable[[], Statistics]
Observed = ClipMetric | Length | Trace
CLIPS_PER_TASK = 8
"""Enough to pay for handing them over; few, so that little is lost with a worker."""
_NONE: Any = object()
LONGEST_SOUND = 3600
"""Seconds of a soundtrack that are held, 230 MB at 16 kHz: metrics of sound hear it as a whole. Pictures pass by a few
frames at a time, however long the clip."""
QUICK_SOUNDS = 12
"""Clips, or pairs, whose sound alone is measured in this process sooner than in several that start first."""


@dataclass(frozen=True)
class Measuring:
    """How clips are measured, and where their statistics lie.

    Attributes:
        store: folder of the statistics.
        decoding: how clips are read.
        metrics: what is measured.
        device: where the metrics' networks run.
        traced: keep what the gallery of a report shows of each clip, see `bench.scoring.trace`.
        machine: where it is recorded which machine made what; None where nobody wants to know.
    """

    store: Path
    decoding: Decoding
    metrics: tuple[Choice, ...]
    device: str
    traced: bool = False
    machine: Machine | None = None

    def built(self) -> list[Observed]:
        """The metrics that can be computed here, and the lengths, and traces, of the streams that they look at."""
        usable = self._usable()
        modalities = self._modalities(usable)
        traces = [Trace(modality) for modality in modalities] if self.traced else []
        return [*usable, *(self.length(modality) for modality in modalities), *traces]

    def traces(self) -> list[Trace]:
        """The traces of the streams that the metrics look at."""
        return [Trace(modality) for modality in self._modalities(self._usable())] if self.traced else []

    def _usable(self) -> list[ClipMetric]:
        built = [built_metric(choice, self.device) for choice in self.metrics]
        return [metric for metric in built if lacking_weights(metric) is None]

    def _modalities(self, metrics: Sequence[ClipMetric]) -> list[Modality]:
        return sorted({modality for metric in metrics for modality in metric.modalities})

    def columns(self) -> dict[str, list[str]]:
        """By the start of the name of a folder of statistics, the metrics whose statistics lie in it."""
        found: dict[str, list[str]] = {}
        for choice in self.metrics:
            metric = built_metric(choice, self.device)
            if lacking_weights(metric) is None:
                for name in StatisticsStore(self.store, metric).folders:
                    found.setdefault(name[:DIGITS], []).append(choice.name)
        return found

    def begins(self, files: Iterable[Path]) -> None:
        """Record that this machine is going to make files of statistics."""
        if self.machine is not None:
            self.machine.begins(map(statistics_name, files))

    def length(self, modality: Modality) -> Length:
        """What times the streams of a modality."""
        return Length(modality, self.decoding.fps or 1.0)


@dataclass(frozen=True)
class MeasuringTask:
    """Clips (by identity), pairs of clips, and prompts (by their hash) for one worker."""

    measuring: Measuring
    clips: Mapping[str, ClipFile]
    pairs: tuple[Pair, ...] = ()
    prompts: Mapping[str, PromptSource] = field(default_factory=dict)

    def needs(self) -> Needs:
        """What it asks of its worker."""
        return Needs(gpu=self.measuring.device.startswith("cuda"))


@dataclass
class Measured:
    """What a pass over clips and pairs says of itself.

    Attributes:
        errors: reasons that must not be kept (a metric's own errors), by statistics file.
        damaged: how many statistics files were damaged and measured again.
    """

    errors: dict[str, str] = field(default_factory=dict)
    damaged: int = 0


@dataclass(frozen=True)
class Done:
    """What became of one task.

    Attributes:
        items: how many clips and pairs it had.
        errors: see `measure`.
        spent: what it took.
    """

    items: int
    errors: dict[str, str]
    spent: Spent

    def step(self) -> Step:
        """How far this gets the work."""
        return Step(self.items, min(self.items, len({Path(file).name for file in self.errors})))


def measure_clocked(task: MeasuringTask) -> Done:
    """`measure`, and what it took."""
    spent = Spent()
    return Done(len(task.clips) + len(task.pairs), measure(task, spent), spent)


def measure(task: MeasuringTask, spent: Spent | None = None) -> dict[str, str]:
    """Measure what is not measured yet. Returns the reasons that must not be kept (a metric's errors) by file.

    What it takes is added to `spent`.
    """
    spent = Spent() if spent is None else spent
    metrics = task.measuring.built()
    stores = [(metric, StatisticsStore(task.measuring.store, metric)) for metric in metrics]
    errors: dict[str, str] = {}
    for identity, clip in task.clips.items():
        wanted = {store.clip(identity): metric for metric, store in stores}
        missing = {path: metric for path, metric in wanted.items() if not path.exists()}
        task.measuring.begins(missing)
        spent.count(PASS, bool(missing))
        for metric in missing.values():
            spent.count(clip_work(metric))
        with spent.clocked(PASS):
            errors |= _settle(_observe(clip, task.measuring.decoding, missing, spent))
    prompts = Wanted(task.prompts)
    for metric, store in stores:
        if isinstance(metric, PairedMetric):
            lacking = {store.pair(pair): pair for pair in _comparable(task.pairs, metric)}
            lacking = {path: pair for path, pair in lacking.items() if not path.exists()}
            task.measuring.begins(lacking)
            spent.count(pair_work(metric), len(lacking))
            with spent.clocked(pair_work(metric)):
                for path, pair in lacking.items():
                    errors |= _settle({path: functools.partial(_compare, metric, store, pair, prompts)})
    return errors


def measure_all(
    measuring: Measuring,
    clips: Mapping[str, ClipFile],
    pairs: Sequence[Pair],
    crew: Crew,
    progress: Progress,
    prompts: Mapping[str, PromptSource] | None = None,
    tell: Callable[[Spent], None] = lambda _: None,
) -> Measured:
    """Measure clips (by identity), then pairs of them, spread over workers; what is measured already is left alone.

    `prompts` are what pairs asked for, by its hash; `tell` is told what each part of the work took.
    """
    metrics = measuring.built()
    stores = [StatisticsStore(measuring.store, metric) for metric in metrics]
    paired = [
        (metric, StatisticsStore(measuring.store, metric)) for metric in metrics if isinstance(metric, PairedMetric)
    ]
    found = Measured()
    sound_alone = not any("video" in metric.modalities for metric in metrics)

    def spread(tasks: Sequence[MeasuringTask], doing: str, items: int) -> None:
        worthwhile = len(tasks) if sound_alone and items <= QUICK_SOUNDS else 1
        for done in progress(
            crew.spread(measure_clocked, tasks, worthwhile, needs=MeasuringTask.needs), items, doing, Done.step
        ):
            found.errors |= done.errors
            tell(done.spent)

    def lacks(paths: Sequence[Path]) -> bool:
        found.damaged += sum([discard_damaged(path) for path in paths])
        return not all(path.exists() for path in paths)

    alone = [identity for identity in clips if lacks([store.clip(identity) for store in stores])]
    alone.sort(key=lambda identity: -clips[identity].size())  # no worker is left with a long clip at the end
    tasks = [
        MeasuringTask(measuring, {identity: clips[identity] for identity in some})
        for some in _batches(alone, crew.workers)
    ]
    spread(tasks, "measure", len(alone))
    both = [
        pair
        for pair in dict.fromkeys(pairs)
        if lacks([store.pair(pair) for metric, store in paired if _comparable([pair], metric)])
    ]
    told = prompts or {}
    tasks = [
        MeasuringTask(measuring, {}, tuple(some), {p.prompt: told[p.prompt] for p in some if p.prompt})
        for some in _batches(both, crew.workers)
    ]
    spread(tasks, "compare", len(both))
    return found


def _batches(items: Sequence[Item], workers: int) -> Iterator[Sequence[Item]]:
    """Parts of equal size, as many for every worker, of at most `CLIPS_PER_TASK`, dealt out to and fro.

    Of items that come longest first all parts are about equally long.
    """
    rounds = math.ceil(len(items) / (CLIPS_PER_TASK * workers))
    parts = min(len(items), rounds * workers)
    for part in range(parts):
        there, back = items[part :: 2 * parts], items[2 * parts - 1 - part :: 2 * parts]
        yield [
            item for both in itertools.zip_longest(there, back, fillvalue=_NONE) for item in both if item is not _NONE
        ]


def _observe(clip: ClipFile, decoding: Decoding, wanted: Mapping[Path, Observed], spent: Spent) -> dict[Path, Finish]:
    """One decode pass of one clip for all metrics that want it."""
    observing = _Pass(wanted, spent)
    if observing.any("video"):
        try:
            for chunk in clip.frames(decoding):
                observing.show_frames(chunk)
        except UnreadableClip as error:
            observing.drop("video", Unmeasurable(error.reason))
    if observing.any("audio"):
        try:
            observing.show_sound(*_soundtrack(clip.audio or clip.video, decoding.max_seconds), decoding.sample_rate)
        except UnreadableClip as error:
            observing.drop("audio", Unmeasurable(error.reason))
    return observing.finish()


def _soundtrack(path: Path, max_seconds: float) -> tuple[NDArray[np.float32], int]:
    """As `native_waveform`, but for soundtracks that are too long to be held as a whole."""
    waveform, rate = native_waveform(path, min(max_seconds, LONGEST_SOUND + 1))
    if len(waveform) > LONGEST_SOUND * rate:
        raise UnreadableClip(path, _too_long(LONGEST_SOUND, "are held as a whole"))
    return waveform, rate


def _too_long(seconds: float, those_that: str) -> str:
    return f"its soundtrack is longer than the {seconds:g} s that {those_that}: set max_seconds to {seconds:g} or less"


class _Pass:
    """The observers of one decode pass; one that fails drops out with its reason and the others go on."""

    def __init__(self, wanted: Mapping[Path, Observed], spent: Spent) -> None:
        self._metrics = wanted
        self._spent = spent
        self._observers: dict[Path, ClipObserver] = {}
        self._finishers: dict[Path, Finish] = {}
        for path, metric in wanted.items():
            with self._counted(path):
                self._observers[path] = metric.observe()

    def any(self, modality: Modality) -> bool:
        """Whether an observer is left that looks at this modality."""
        return bool(self._looking(modality))

    def show_frames(self, chunk: NDArray[np.uint8]) -> None:
        """Show consecutive frames to every observer of pictures."""
        with shared_work():
            for path in self._looking("video"):
                with self._counted(path):
                    self._observers[path].frames(chunk)

    def show_sound(self, native: NDArray[np.float32], rate: int, protocol_rate: int | None) -> None:
        """Show the soundtrack to every observer of sound, at the rate that its metric asks for."""
        heard = {rate: native}
        self._drop_overlong(len(native) / rate)
        for path in self._looking("audio"):
            wanted = rate if self._metrics[path].native_audio else protocol_rate or rate
            if wanted not in heard:
                heard[wanted] = resampled(native, rate, wanted)
            heard[wanted].setflags(write=False)  # observers share it
            with self._counted(path):
                self._observers[path].waveform(heard[wanted], wanted)

    def _drop_overlong(self, seconds: float) -> None:
        for path in self._looking("audio"):
            metric = self._metrics[path]
            if seconds > metric.longest_sound:
                with self._counted(path):
                    raise Unmeasurable(_too_long(metric.longest_sound, f"{metric.name} takes"))

    def drop(self, modality: Modality, reason: Exception) -> None:
        """The clip lacks this modality."""
        for path in self._looking(modality):
            with self._counted(path):
                raise reason

    def finish(self) -> dict[Path, Finish]:
        """Every metric's deferred statistics, or what raises the reason why there are none."""
        for path, observer in list(self._observers.items()):
            with self._counted(path):
                self._finishers[path] = self._spent.clocking(clip_work(self._metrics[path]), observer.finish())
        return self._finishers

    def _looking(self, modality: Modality) -> list[Path]:
        return [path for path in self._observers if modality in self._metrics[path].modalities]

    @contextmanager
    def _counted(self, path: Path) -> Iterator[None]:
        try:
            with self._spent.clocked(clip_work(self._metrics[path])):
                yield
        except Exception as error:  # a plug-in may raise anything: this clip's counted failure, not the end of the run
            self._observers.pop(path, None)
            self._finishers[path] = functools.partial(_raise, error)


def _settle(pending: Mapping[Path, Finish]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for path, finish in pending.items():
        try:
            outcome: Statistics | Unmeasurable = finish()
        except Unmeasurable as reason:
            outcome = reason
        except Exception as error:  # as above: counted, and measured again by the next run
            errors[str(path)] = f"{type(error).__name__}: {error}"
            continue
        save(path, outcome)
    return errors


def _comparable(pairs: Sequence[Pair], metric: PairedMetric) -> list[Pair]:
    """The pairs that a metric can compare: those that have a reference, or all."""
    return [pair for pair in pairs if pair.reference or metric.reference_free]


def _compare(metric: PairedMetric, store: StatisticsStore, pair: Pair, wanted: Wanted) -> Statistics:
    return metric.paired(
        functools.partial(_kept, store, "reference", pair.reference),
        functools.partial(_kept, store, "generated", pair.generated),
        functools.partial(wanted.of, metric, pair.prompt),
    )


def _kept(store: StatisticsStore, side: str, identity: str) -> Statistics:
    if not identity:
        raise Unmeasurable("there is none")
    try:
        return load(store.clip(identity))
    except FileNotFoundError as error:
        raise RuntimeError(f"the {side} clip could not be measured") from error


def _raise(error: Exception) -> Statistics:
    raise error
