"""Generating: every prompt through every generator, kept on disk, or a counted failure."""

from __future__ import annotations

import errno
import functools
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import fingerprint
from bench.datasets.tree import VIDEO_SUFFIXES
from bench.files import write_json
from bench.media.clip import UnreadableClip, probe
from bench.media.writing import store_finished, write_clip
from bench.plugins import build_generator
from bench.run.folder import RunFolder
from bench.run.memory import PeakMemory
from bench.run.records import GeneratedClip, read_record, write_record
from bench.run.selection import read_selection
from bench.run.stress import given_prompt
from bench.run.time_limit import interrupted_after
from bench.study import Protocol
from bench.sweep import GeneratorChoice
from bench.workers.machines import Machine
from metrics.base.source_hash import source_hash
from metrics.weights import WeightsMissing
from narrator.contract import (
    FinishedClip,
    GenerationFailed,
    Generator,
    Identified,
    Narration,
    Prompt,
    SeesDataset,
)

FAULTS_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors that are no clip's own: they stop the run, which continues once there is room."""


@dataclass(frozen=True)
class GeneratingTask:
    """One prompt for one generator.

    Attributes:
        study_folder: where relative paths of the study start.
        identity: hash of all that the clip depends on, see `narration_identity`.
        protocol: how clips are stored.
        time_limit: seconds after which the generator is interrupted; None waits for ever.
        machine: where it is recorded which machine made the clip; None where nobody wants to know.
        made_of: hashes of the parts of `identity`, which the costs keep, so that a change can be explained.
    """

    run: RunFolder
    generator: GeneratorChoice
    dataset: str
    key: str
    study_folder: Path
    identity: str
    protocol: Protocol
    time_limit: float | None
    machine: Machine | None = None
    made_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def clip(self) -> Path:
        """The clip's file."""
        return self.run.generated(self.generator.name, self.dataset, self.key)

    @property
    def record(self) -> Path:
        """The file that says what became of it."""
        return self.clip.with_name(f"{self.key}.json")


def generate(task: GeneratingTask) -> bool:
    """Narrate one prompt and keep what came of it, the record last; what is done already is left alone.

    Returns:
        Whether there is a clip now.
    """
    if is_done(task):
        return True
    if task.machine is not None:
        task.machine.begins([f"{task.generator.name}/{task.dataset}/{task.key}"])
    task.record.unlink(missing_ok=True)
    _remove_files(task)
    try:
        generator = built_generator(task.run, task.dataset, task.generator.itself.model_dump_json(), task.study_folder)
        prompt = given_prompt(task.run, task.generator, task.dataset, task.key)
        with interrupted_after(task.time_limit):
            record, cost = narrated(generator, prompt, task.clip, task.protocol)
            record = replace(record, identity=task.identity)
        write_json(task.run.cost(task.generator.name, task.dataset, task.key), cost | {"made_of": dict(task.made_of)})
    except (GenerationFailed, UnreadableClip, WeightsMissing) as reason:
        record = GeneratedClip(error=str(reason))
    except Exception as error:  # a plug-in may raise anything; the clip is a counted failure and the run goes on
        if isinstance(error, OSError) and error.errno in FAULTS_OF_THE_DISK:
            raise
        record = GeneratedClip(error=f"{type(error).__name__}: {error}")
    if record.error is not None:
        _remove_files(task)
    write_record(task.record, record)
    return record.error is None


def is_done(task: GeneratingTask) -> bool:
    """Whether exactly this was made before, and is whole."""
    record = read_record(task.record)
    return bool(task.identity) and record.identity == task.identity and record.is_intact(task.record.parent)


def lost(task: GeneratingTask) -> bool:
    """Keep that the worker process was killed whenever it narrated this prompt; there is no clip."""
    reason = "the worker process was killed while it narrated this clip, most likely for lack of memory"
    write_record(task.record, GeneratedClip(error=reason))
    return False


def narration_parts(
    choice: GeneratorChoice, generator: Generator, prompt: str, files: Iterable[Path], protocol: Protocol
) -> dict[str, Any]:
    """All that a narration depends on, by the part that it is; JSON values.

    Args:
        prompt: `fingerprint.of_prompt` of what the generator is given.
        files: what it reads beside the prompt, see `narrator.contract.ReadsFiles`.

    Raises:
        OSError: such a file is missing.
    """
    return {
        "generator": choice.plugin,
        "options": _content_of(choice),
        "weights": dict(generator.identity() if isinstance(generator, Identified) else generator.describe()),
        "code": source_hash(type(generator).__module__),
        "prompt": prompt,
        "files": [fingerprint.of_file(file) for file in files],
        "protocol": [protocol.codec, protocol.crf, protocol.max_seconds],
        "code of media": source_hash("bench.media"),
    }


def narration_identity(parts: Mapping[str, Any]) -> str:
    """Hash of all that a narration depends on: prompt, options, weights, files, encoding, and the code of all of it."""
    return fingerprint.of_json(list(parts.values()))


def _content_of(choice: GeneratorChoice) -> dict[str, Any]:
    """The options; a sweep's checkpoint is what the file holds, wherever it lies."""
    if choice.sweep is None:
        return choice.options
    option = choice.sweep.option
    return {**choice.options, option: fingerprint.of_file(Path(str(choice.options[option])))}


@functools.lru_cache(maxsize=4)
def built_generator(run: RunFolder, dataset: str, choice: str, study_folder: Path) -> Generator:
    """A generator with its weights, bound to the dataset if it asks for that; built once in each process."""
    generator = build_generator(GeneratorChoice.model_validate_json(choice), study_folder)
    if isinstance(generator, SeesDataset):
        generator = generator.for_dataset(read_selection(run, dataset).reference_clips())
    return generator


def narrated(
    generator: Generator, prompt: Prompt, clip: Path, protocol: Protocol
) -> tuple[GeneratedClip, dict[str, Any]]:
    """Narrate one prompt and store the clip as `clip`, KEY.mp4, with what belongs to it beside it.

    Returns:
        The clip's record, without an identity, and what it cost.

    Raises:
        GenerationFailed, UnreadableClip, WeightsMissing: the prompt could not be narrated; a plug-in may raise anything
            else as well.
    """
    clip.parent.mkdir(parents=True, exist_ok=True)
    memory = PeakMemory()
    start = time.perf_counter()
    narration = generator(prompt)
    if isinstance(narration, FinishedClip):
        seconds = time.perf_counter() - start
        record, stages = _stored(narration, clip, protocol), dict(narration.seconds)
    else:
        counted = CountedFrames(narration)
        write_start = time.perf_counter()
        write_clip(clip, counted, narration.fps, narration.waveform, narration.sample_rate, crf=protocol.crf)
        write_seconds = time.perf_counter() - write_start - counted.seconds
        seconds = time.perf_counter() - start - write_seconds
        record = GeneratedClip(
            video=clip.name,
            audio=clip.with_suffix(".wav").name if len(narration.waveform) else None,
            played=clip.name,
            frames=counted.frames,
            media_seconds=counted.frames / narration.fps,
        )
        stages = {**narration.seconds, "write": write_seconds}
    record = replace(
        record,
        checksums={file.name: fingerprint.of_file(file) for file in _files(clip)},
        description=dict(generator.describe()),
    )
    return record, {"seconds": seconds, "stages": stages, "peak_memory_mib": memory.mib()}


def _stored(narration: FinishedClip, target: Path, protocol: Protocol) -> GeneratedClip:
    try:
        stored = store_finished(
            narration.path, target, narration.audio, protocol.max_seconds, narration.rate, protocol.crf
        )
    finally:
        if narration.temporary:
            shutil.rmtree(narration.temporary, ignore_errors=True)
    info = probe(stored.measured)
    return GeneratedClip(
        video=stored.measured.name,
        audio=stored.audio.name if stored.audio else None,
        played=stored.played.name,
        frames=info.frames,
        media_seconds=info.duration,
    )


def _files(clip: Path) -> list[Path]:
    """The files that a narration stored as KEY.mp4 may consist of and that are there."""
    key = clip.name.removesuffix(".mp4")
    names = (clip.with_name(f"{key}{suffix}") for suffix in (*sorted(VIDEO_SUFFIXES), ".wav", ".view.mp4"))
    return [file for file in names if file.is_file()]


def _remove_files(task: GeneratingTask) -> None:
    """What an earlier narration left, or a failed one began."""
    for file in _files(task.clip):
        file.unlink()


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
