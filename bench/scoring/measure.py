"""Measuring: every clip is decoded once, all metrics draw on that pass, and the per-clip statistics are kept on disk.

Statistics are named by content (`bench.scoring.store`): clips with equal content, such as a ceiling and its reference,
are measured once, and a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.choice import Choice
from bench.media.clip import Decoding, UnreadableClip, frames, waveform
from bench.media.clip_file import ClipFile
from bench.plugins import built_metric, lacking_weights
from bench.scoring.store import StatisticsStore, load, save
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from metrics.base.metric import ClipMetric, ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable

Item = TypeVar("Item")
Finish = Callable[[], Statistics]
CLIPS_PER_TASK = 8
"""Enough that the networks' blocks are full; few, so that little is lost with a worker."""


@dataclass(frozen=True)
class MeasuringTask:
    """Clips (by identity) and pairs of clips for one worker; statistics land in `store`."""

    store: Path
    decoding: Decoding
    metrics: tuple[Choice, ...]
    device: str
    clips: Mapping[str, ClipFile]
    pairs: tuple[tuple[str, str], ...] = ()


def measure(task: MeasuringTask) -> dict[str, str]:
    """Measure what is not measured yet. Returns the reasons that must not be kept (a metric's errors) by file."""
    metrics = _metrics(task.metrics, task.device)
    stores = {id(metric): StatisticsStore(task.store, metric) for metric in metrics}
    pending: dict[Path, Finish] = {}
    for identity, clip in task.clips.items():
        wanted = {stores[id(m)].clip(identity): m for m in metrics}
        pending.update(_observe(clip, task.decoding, {p: m for p, m in wanted.items() if not p.exists()}))
    errors = _settle(pending)
    for reference, generated in task.pairs:
        for metric in metrics:
            if isinstance(metric, PairedMetric):
                store = stores[id(metric)]
                path = store.pair(reference, generated)
                if not path.exists():
                    errors |= _settle({path: functools.partial(_compare, metric, store, reference, generated)})
    return errors


def measure_all(
    store: Path,
    decoding: Decoding,
    metrics: tuple[Choice, ...],
    device: str,
    clips: Mapping[str, ClipFile],
    pairs: Sequence[tuple[str, str]],
    pool: WorkerPool,
    progress: Progress,
) -> dict[str, str]:
    """Measure clips (by identity), then pairs of them, spread over workers. Returns the reasons that were not kept."""
    alone = [
        MeasuringTask(store, decoding, metrics, device, {identity: clips[identity] for identity in some})
        for some in _batches(list(clips), pool.workers)
    ]
    comparing = any(isinstance(metric, PairedMetric) for metric in _metrics(metrics, device))
    paired = [
        MeasuringTask(store, decoding, metrics, device, {}, tuple(some))
        for some in _batches(list(dict.fromkeys(pairs)) if comparing else [], pool.workers)
    ]
    errors: dict[str, str] = {}
    for doing, tasks in (("measure", alone), ("compare", paired)):
        for found in progress(pool.spread(measure, tasks), len(tasks), doing):
            errors |= found
    return errors


def _batches(items: Sequence[Item], workers: int) -> Iterator[Sequence[Item]]:
    """Equal parts, as many for every worker, of at most `CLIPS_PER_TASK`."""
    rounds = math.ceil(len(items) / (CLIPS_PER_TASK * workers))
    size = math.ceil(len(items) / max(1, rounds * workers))
    for start in range(0, len(items), max(1, size)):
        yield items[start : start + size]


def _observe(clip: ClipFile, decoding: Decoding, wanted: Mapping[Path, ClipMetric]) -> dict[Path, Finish]:
    """One decode pass of one clip for all metrics that want it."""
    watching = _Pass(wanted)
    if watching.any("video"):
        try:
            for chunk in frames(clip.video, decoding):
                watching.each("video", lambda observer: observer.frames(chunk))  # noqa: B023 - called at once
        except UnreadableClip as error:
            watching.drop("video", Unmeasurable(error.reason))
    if watching.any("audio"):
        try:
            sound = waveform(clip.audio or clip.video, decoding)
            watching.each("audio", lambda observer: observer.waveform(sound, decoding.sample_rate or 0))
        except UnreadableClip as error:
            watching.drop("audio", Unmeasurable(error.reason))
    return watching.finish()


class _Pass:
    """The observers of one decode pass; one that fails drops out with its reason and the others go on."""

    def __init__(self, wanted: Mapping[Path, ClipMetric]) -> None:
        self._metrics = wanted
        self._observers: dict[Path, ClipObserver] = {}
        self._finishers: dict[Path, Finish] = {}
        for path, metric in wanted.items():
            with self._counted(path):
                self._observers[path] = metric.observe()

    def any(self, modality: Modality) -> bool:
        """Whether an observer is left that looks at this modality."""
        return bool(self._looking(modality))

    def each(self, modality: Modality, show: Callable[[ClipObserver], None]) -> None:
        """Show something to every observer of this modality."""
        for path in self._looking(modality):
            with self._counted(path):
                show(self._observers[path])

    def drop(self, modality: Modality, reason: Exception) -> None:
        """The clip lacks this modality."""
        for path in self._looking(modality):
            with self._counted(path):
                raise reason

    def finish(self) -> dict[Path, Finish]:
        """Every metric's deferred statistics, or what raises the reason why there are none."""
        for path, observer in list(self._observers.items()):
            with self._counted(path):
                self._finishers[path] = observer.finish()
        return self._finishers

    def _looking(self, modality: Modality) -> list[Path]:
        return [path for path in self._observers if modality in self._metrics[path].modalities]

    @contextmanager
    def _counted(self, path: Path) -> Iterator[None]:
        try:
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


def _compare(metric: PairedMetric, store: StatisticsStore, reference: str, generated: str) -> Statistics:
    sides = []
    for side, identity in (("reference", reference), ("generated", generated)):
        try:
            sides.append(load(store.clip(identity)))
        except Unmeasurable as reason:
            raise Unmeasurable(f"{side}: {reason}") from reason
        except FileNotFoundError as error:
            raise RuntimeError(f"the {side} clip could not be measured") from error
    return metric.compare(*sides)


def _raise(error: Exception) -> Statistics:
    raise error


def _metrics(choices: tuple[Choice, ...], device: str) -> list[ClipMetric]:
    """The metrics that can be computed here; the others' cells say what they lack."""
    metrics = [built_metric(choice, device) for choice in choices]
    return [metric for metric in metrics if lacking_weights(metric) is None]
