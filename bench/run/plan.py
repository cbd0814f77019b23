"""What is left to generate: a clip is done when its record says that exactly this was made, and its files are whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import fingerprint
from bench.errors import UserMistake
from bench.run.folder import RunFolder
from bench.run.generate import GeneratingTask, built_generator, is_done, narration_identity, narration_parts
from bench.run.prompts import prompt_hash
from bench.run.records import GeneratedClip, read_record, write_record
from bench.run.selection import read_selection
from bench.run.stress import given_prompt
from bench.study import Study
from bench.sweep import GeneratorChoice
from bench.workers.machines import Machine
from bench.workers.shard import Shard
from metrics.weights import WeightsError
from narrator.contract import GenerationFailed, Generator, ReadsFiles


def record_of(run: RunFolder, generator: str, dataset: str, key: str) -> GeneratedClip:
    """What is known of one generated clip."""
    return read_record(run.generated(generator, dataset, key).with_name(f"{key}.json"))


def unfinished(study: Study, run: RunFolder, shard: Shard, machine: Machine | None = None) -> list[GeneratingTask]:
    """The clips that are still to be made; a generator's tasks stand together, so that it is built once, those of a
    dataset with the longest text first, so that no worker is left with a long clip at the end.

    A generator that cannot be built at all leaves a failure for each of its clips.
    """
    tasks = []
    for choice in study.generators:
        for dataset in study.datasets:
            clips = [clip for clip in read_selection(run, dataset.name).clips if shard.owns(clip.key)]
            keys = [clip.key for clip in sorted(clips, key=lambda clip: -len(clip.text))]
            try:
                generator = built_generator(run, dataset.name, choice.itself.model_dump_json(), study.folder)
            except UserMistake:
                raise
            except Exception as error:  # a plug-in may raise anything
                expected = isinstance(error, GenerationFailed | WeightsError)
                _fail(run, choice, dataset.name, keys, str(error) if expected else f"{type(error).__name__}: {error}")
                continue
            tasks += [task_of(study, run, choice, generator, dataset.name, key) for key in keys]
    return [replace(task, machine=machine) for task in tasks if not is_done(task)]


def task_of(
    study: Study, run: RunFolder, choice: GeneratorChoice, generator: Generator, dataset: str, key: str
) -> GeneratingTask:
    """The task of one clip, with the hash of all that the clip depends on, "" where that cannot be told."""
    try:
        files: Sequence[Path] = ()
        if choice.stress is None and not isinstance(generator, ReadsFiles):
            given = prompt_hash(run.prompt(dataset, key))  # read once, for however many generators
        else:
            prompt = given_prompt(run, choice, dataset, key)
            files = generator.inputs(prompt) if isinstance(generator, ReadsFiles) else ()
            given = prompt_hash(run.prompt(dataset, key)) if choice.stress is None else fingerprint.of_prompt(prompt)
        parts = narration_parts(choice, generator, given, files, study.protocol)
        identity, made_of = narration_identity(parts), {name: fingerprint.of_json(part) for name, part in parts.items()}
    except Exception:  # a plug-in may raise anything; narrating the clip will tell the reason
        identity, made_of = "", {}
    return GeneratingTask(
        run, choice, dataset, key, study.folder, identity, study.protocol, study.time_limit, made_of=made_of
    )


def _fail(run: RunFolder, choice: GeneratorChoice, dataset: str, keys: list[str], reason: str) -> None:
    for key in keys:
        clip = run.generated(choice.name, dataset, key)
        write_record(clip.with_name(f"{key}.json"), GeneratedClip(error=reason))
