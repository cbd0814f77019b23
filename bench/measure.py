"""Measuring: every clip is decoded once, all metrics draw on that pass, and the per-clip statistics are kept on disk.

A statistic's file is named by everything it depends on: the content of the clip, the decoding, the metric's
configuration and weights, and the source code that computes it. So a cached statistic is never stale, clips with equal
content (a ceiling and its reference) are measured once, and a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench import fingerprint, plugins
from bench.media.clip import Decoding, UnreadableClip, frames, waveform
from bench.run_folder import atomic
from bench.study import Choice
from bench.workers import Watch, spread
from metrics.metric import ClipMetric, ClipObserver, PairedMetric, Statistics, Unmeasurable
from metrics.weights import WeightsMissing, fetch

Item = TypeVar("Item")
CLIPS_PER_TASK = 8


@dataclass(frozen=True)
class ClipFile:
    """A clip to measure: its file and, where the speech was handed over as a waveform, the lossless WAV beside it."""

    video: Path
    audio: Path | None = None

    def identity(self, decoding: Decoding) -> str:
        """Hash of the clip's content and of how it is decoded."""
        audio = None if self.audio is None else fingerprint.of_file(self.audio)
        return fingerprint.of_json(
            [fingerprint.of_file(self.video), audio, asdict(decoding), source_hash("bench.media")]
        )


@dataclass(frozen=True)
class MeasuringTask:
    """Clips (by identity) and pairs of clips for one worker; statistics land in `store`."""

    store: Path
    decoding: Decoding
    metrics: tuple[Choice, ...]
    clips: Mapping[str, ClipFile]
    pairs: tuple[tuple[str, str], ...] = ()


class StatisticsStore:
    """Per-clip and per-pair statistics on disk, or the reason why there are none."""

    def __init__(self, folder: Path, metric: ClipMetric) -> None:
        source = source_hash(type(metric).__module__.partition(".")[0])
        self._clips = folder / fingerprint.of_json([metric.statistics_id, source])
        self._pairs = folder / fingerprint.of_json([metric.signature, source])

    def clip(self, identity: str) -> Path:
        return self._clips / f"{identity}.npz"

    def pair(self, reference: str, generated: str) -> Path:
        return self._pairs / f"{reference}-{generated}.npz"


def save(path: Path, outcome: Statistics | Unmeasurable) -> None:
    """Keep statistics, or the reason why there are none, under `path`."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        if isinstance(outcome, Unmeasurable):
            stream.write(json.dumps({"unmeasurable": str(outcome)}).encode())
        else:
            np.savez(stream, **{name: np.asarray(array) for name, array in outcome.items()})


def load(path: Path) -> Statistics:
    """What `save` kept.

    Raises:
        Unmeasurable: a reason was kept instead of statistics.
        FileNotFoundError: nothing was kept.
    """
    if (reason := kept_reason(path)) is not None:
        raise Unmeasurable(reason)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def kept_reason(path: Path) -> str | None:
    """The reason kept under `path`, None if it holds statistics.

    Raises:
        FileNotFoundError: nothing was kept.
    """
    with path.open("rb") as stream:
        if stream.read(1) != b"{":
            return None
        stream.seek(0)
        return str(json.load(stream)["unmeasurable"])


def measure(task: MeasuringTask) -> dict[str, str]:
    """Measure what is not measured yet. Returns the reasons that must not be kept (a metric's errors) by file."""
    metrics = _metrics(task.metrics)
    stores = {id(metric): StatisticsStore(task.store, metric) for metric in metrics}
    pending: dict[Path, Callable[[], Statistics]] = {}
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
    clips: Mapping[str, ClipFile],
    pairs: Sequence[tuple[str, str]],
    workers: int,
    watch: Watch,
) -> dict[str, str]:
    """Measure clips (by identity), then pairs of them, spread over workers. Returns the reasons that were not kept."""
    alone = [
        MeasuringTask(store, decoding, metrics, {identity: clips[identity] for identity in some})
        for some in _batches(list(clips))
    ]
    paired = [MeasuringTask(store, decoding, metrics, {}, tuple(some)) for some in _batches(list(dict.fromkeys(pairs)))]
    errors: dict[str, str] = {}
    for doing, tasks in (("measure", alone), ("compare", paired)):
        for found in watch(spread(measure, tasks, workers), len(tasks), doing):
            errors |= found
    return errors


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CLIPS_PER_TASK):
        yield items[start : start + CLIPS_PER_TASK]


def _observe(
    clip: ClipFile, decoding: Decoding, wanted: Mapping[Path, ClipMetric]
) -> dict[Path, Callable[[], Statistics]]:
    """One decode pass of one clip for all metrics that want it."""
    if not wanted:
        return {}
    observers: dict[Path, ClipObserver] = {}
    failed: dict[Path, Exception] = {}
    for path, metric in wanted.items():
        _guard(failed, path, lambda path=path, metric=metric: observers.update({path: metric.observe()}))

    def each(modality: str, call: Callable[[ClipObserver], None]) -> None:
        for path, observer in observers.items():
            if modality in wanted[path].modalities and path not in failed:
                _guard(failed, path, lambda observer=observer: call(observer))

    def unreadable(modality: str, error: UnreadableClip) -> None:
        for path in observers:
            if modality in wanted[path].modalities:
                failed.setdefault(path, Unmeasurable(str(error)))

    if any("video" in metric.modalities for metric in wanted.values()):
        try:
            for chunk in frames(clip.video, decoding):
                each("video", lambda observer, chunk=chunk: observer.frames(chunk))
        except UnreadableClip as error:
            unreadable("video", error)
    if any("audio" in metric.modalities for metric in wanted.values()):
        try:
            sound = waveform(clip.audio or clip.video, decoding)
            each("audio", lambda observer: observer.waveform(sound, decoding.sample_rate))
        except UnreadableClip as error:
            unreadable("audio", error)
    finishers: dict[Path, Callable[[], Statistics]] = {}
    for path, observer in observers.items():
        if path not in failed:
            _guard(failed, path, lambda path=path, observer=observer: finishers.update({path: observer.finish()}))
    return {path: finishers.get(path) or functools.partial(_raise, failed[path]) for path in wanted}


def _guard(failed: dict[Path, Exception], path: Path, call: Callable[[], None]) -> None:
    """Run a metric's code; whatever it raises becomes this clip's counted failure, not the end of the run."""
    try:
        call()
    except Exception as error:  # a plug-in may raise anything; the reason travels with the score
        failed[path] = error


def _settle(pending: Mapping[Path, Callable[[], Statistics]]) -> dict[str, str]:
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


def _metrics(choices: tuple[Choice, ...]) -> list[ClipMetric]:
    """The metrics that can be computed here; the others' cells say what they lack."""
    metrics = [built_metric(choice.plugin, json.dumps(choice.options, sort_keys=True)) for choice in choices]
    return [metric for metric in metrics if lacking_weights(metric) is None]


@functools.cache
def built_metric(plugin: str, options: str) -> ClipMetric:
    """A metric by name and options (JSON), built once in each process."""
    metric: ClipMetric = plugins.make("metric", plugin, json.loads(options))
    return metric


def lacking_weights(metric: ClipMetric) -> str | None:
    """One sentence on the weights that this metric needs and that cannot be had; None if all are there."""
    try:
        for name in metric.weights:
            fetch(name)
    except WeightsMissing as reason:
        return str(reason)
    return None


@functools.cache
def source_hash(package: str) -> str:
    """Hash of the Python source of a top-level package or module: what computes a statistic is part of its identity."""
    module: Any = sys.modules.get(package) or importlib.import_module(package)
    if getattr(module, "__path__", None):
        files: Sequence[Path] = sorted(file for place in module.__path__ for file in Path(place).rglob("*.py"))
    else:
        files = [Path(module.__file__)] if getattr(module, "__file__", None) else []
    return fingerprint.of_json([fingerprint.of_file(file) for file in files])
