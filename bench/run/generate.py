"""Generating: every prompt through every generator, kept on disk with its seconds per stage, or a counted failure."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from bench import fingerprint, plugins
from bench.choice import Choice
from bench.files import read_json, write_json
from bench.media.clip import UnreadableClip, probe
from bench.media.clip_file import ClipFile
from bench.media.writing import store_finished, write_clip
from bench.run.folder import RunFolder
from bench.run.selection import read_selection
from metrics.base.source_hash import source_hash
from metrics.weights import WeightsMissing, fetch
from narrator.contract import FinishedClip, GenerationFailed, Generator, Narration, Prompt, SeesDataset


@dataclass(frozen=True)
class GeneratingTask:
    """One prompt for one generator."""

    run: RunFolder
    generator: Choice
    dataset: str
    key: str

    @property
    def record(self) -> Path:
        return self.run.record(self.generator.name, self.dataset, self.key)


def generate(task: GeneratingTask) -> None:
    """Narrate one prompt unless its record says that exactly this was done before."""
    selection = read_selection(task.run, task.dataset)
    try:
        generator = built_generator(task.run, task.dataset, task.generator.model_dump_json())
        prompt = selection.prompt(task.key, task.run.recognised)
        identity = _identity(task.generator, generator, prompt)
        if _is_done(task.record, identity):
            return
        record = _narrate(generator, prompt, task.record.with_suffix(".mp4"))
    except (GenerationFailed, UnreadableClip, WeightsMissing) as reason:
        identity, record = "", {"error": str(reason)}
    except Exception as error:  # a plug-in may raise anything; the clip is a counted failure and the run goes on
        identity, record = "", {"error": f"{type(error).__name__}: {error}"}
    write_json(task.record, record | {"identity": identity})


def _is_done(path: Path, identity: str) -> bool:
    record = read_json(path)
    return bool(record) and record["identity"] == identity and all(
        (path.parent / record[name]).exists() for name in ("video", "audio") if record[name]
    )  # fmt: skip


def _identity(choice: Choice, generator: Generator, prompt: Prompt) -> str:
    """Hash of all that the narration depends on, the generator's source code included."""
    source = source_hash(type(generator).__module__)
    return fingerprint.of_json(
        [choice.plugin, choice.options, dict(generator.describe()), source, fingerprint.of_prompt(prompt)]
    )


def _narrate(generator: Generator, prompt: Prompt, target: Path) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    memory = PeakMemory()
    start = time.perf_counter()
    narration = generator(prompt)
    if isinstance(narration, FinishedClip):
        seconds = time.perf_counter() - start
        stored = store_finished(narration.path, target, narration.audio)
        info = probe(stored.measured)
        frames, media_seconds, stages = info.frames, info.duration, dict(narration.seconds)
        video, played, audio = stored.measured.name, stored.played.name, stored.audio and stored.audio.name
    else:
        counted = CountedFrames(narration)
        write_start = time.perf_counter()
        write_clip(target, counted, narration.fps, narration.waveform, narration.sample_rate)
        write_seconds = time.perf_counter() - write_start - counted.seconds
        seconds = time.perf_counter() - start - write_seconds
        frames, media_seconds = counted.frames, counted.frames / narration.fps
        stages = {**narration.seconds, "write": write_seconds}
        video = played = target.name
        audio = target.with_suffix(".wav").name if len(narration.waveform) else None
    return {
        "error": None,
        "video": video,
        "audio": audio,
        "played": played,
        "frames": frames,
        "media_seconds": media_seconds,
        "seconds": seconds,
        "stages": stages,
        "peak_memory_mib": memory.mib(),
        "description": dict(generator.describe()),
    }


class CountedFrames:
    """The narration's frames, counted and timed as they are drawn, so that writing is not charged to the generator."""

    def __init__(self, narration: Narration) -> None:
        self._chunks = narration.chunks()
        self.frames = 0
        self.seconds = 0.0

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        while True:
            start = time.perf_counter()
            chunk = next(self._chunks, None)
            self.seconds += time.perf_counter() - start
            if chunk is None:
                return
            self.frames += len(chunk)
            yield chunk


class PeakMemory:
    """Peak memory of this process, and of the GPU where one is used, from now on; MiB."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            Path("/proc/self/clear_refs").write_text("5")  # resets the kernel's high-water mark
        self._torch = sys.modules.get("torch")
        if self._on_gpu():
            self._torch.cuda.reset_peak_memory_stats()  # type: ignore[union-attr]

    def mib(self) -> dict[str, float]:
        """Peak resident memory, and peak allocated GPU memory if any."""
        peak = {"host": _high_water() / 2**20}
        if self._on_gpu():
            peak["gpu"] = self._torch.cuda.max_memory_allocated() / 2**20  # type: ignore[union-attr]
        return peak

    def _on_gpu(self) -> bool:
        return self._torch is not None and self._torch.cuda.is_available() and self._torch.cuda.is_initialized()


def _high_water() -> float:
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return float(line.split()[1]) * 1024
    return float(psutil.Process().memory_info().rss)


@functools.lru_cache(maxsize=4)
def built_generator(run: RunFolder, dataset: str, choice: str) -> Generator:
    """A generator with its weights, bound to the dataset if it asks for that; built once in each process."""
    chosen = Choice.model_validate(json.loads(choice))
    factory = plugins.find("generator", chosen.plugin)
    options: dict[str, Any] = dict(chosen.options)
    if names := getattr(factory, "weights", ()):
        options["weight_paths"] = {name: fetch(name) for name in names}
    generator: Generator = plugins.make("generator", chosen.plugin, options)
    if isinstance(generator, SeesDataset):
        generator = generator.for_dataset(read_selection(run, dataset).reference_clips())
    return generator


def read_record(task: GeneratingTask) -> Mapping[str, Any]:
    """The record that `generate` left; absent counts as a failure with its reason."""
    record: Mapping[str, Any] = read_json(task.record) or {"error": "not generated yet", "identity": ""}
    return record


def generated_clip(task: GeneratingTask) -> ClipFile | None:
    """The clip that a task left to be measured; None if it failed."""
    record = read_record(task)
    if record["error"] is not None:
        return None
    folder = task.record.parent
    return ClipFile(folder / record["video"], folder / record["audio"] if record["audio"] else None)
