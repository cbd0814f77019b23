"""A whole training: the stages of a study one after another, each from what the former left, to a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from narrator.files import sha256
from narrator.presets import PRESETS
from narrator.threads import threads
from narrator.training.checkpoint import write_checkpoint
from narrator.training.errors import TrainingError
from narrator.training.loop import WEIGHTS, train
from narrator.training.snapshots import read_tensors
from narrator.training.stage import Materials, Stage, StageSettings
from narrator.training.stages import build_stage
from narrator.training.study import TrainingStudy
from narrator.training.utterances import MANIFEST

CHECKPOINT = "checkpoint.safetensors"

Told = Callable[[str, int, int, dict[str, float]], None]
"""Told after each row of a stage's log: the stage, steps done, steps in all, mean losses."""


def run_training(
    study: TrainingStudy,
    folder: Path,
    told: Told | None = None,
    weight_paths: Mapping[str, Path] | None = None,
    last: Path | None = None,
) -> tuple[Path, tuple[str, ...]]:
    """Train all stages of a study; what is done in the folder stays done, and a broken-off stage continues.

    Args:
        study: what to train.
        folder: receives a folder for each stage and `checkpoint.safetensors`.
        told: see `Told`.
        weight_paths: see `Materials`.
        last: receives the folder of the last stage and the checkpoint instead, so that several trainings can differ in
            that stage and share all that goes before.

    Returns:
        The checkpoint, and the parts of it that no stage has trained in full.

    Raises:
        TrainingError: the study, its data or what lies in the folder cannot be trained with.
    """
    config = final = PRESETS[study.preset]()
    all_settings = {name: study.settings(name) for name in study.stages}  # a mistake is found before any work
    data = _data_hash(study.data)
    last, ends_with = last or folder, next(reversed(all_settings))
    states: dict[str, dict[str, Tensor]] = {}
    contributed: dict[str, Tensor] = {}
    versions: dict[str, str] = {}
    with threads(study.threads):
        for name, settings in all_settings.items():
            own = (last if name == ends_with else folder) / name

            def made(clips: Path, held: str, name: str = name, settings: StageSettings = settings) -> Stage:
                cache = folder / "cache" / held[:16]
                materials = Materials(config, clips, study.seed, states, versions, cache, weight_paths)
                return build_stage(name, materials, settings)

            stage = made(study.data, data)
            unseen = None if study.held_out is None else made(study.held_out, _data_hash(study.held_out))
            inputs = f"{config} {data} {versions}"
            tell = None if told is None else _of_stage(told, name)
            train(
                stage, settings, own,
                seed=study.seed, inputs=inputs, device=study.device, held_out=unseen, progress=tell,
            )  # fmt: skip
            contributed |= stage.tensors()
            final = stage.configured(final)
            states[name] = read_tensors(own / WEIGHTS)[0]
            versions[name] = sha256(own / WEIGHTS)[:16]
    checkpoint = last / CHECKPOINT
    return checkpoint, write_checkpoint(checkpoint, study.preset, final, study.seed, contributed)


def _of_stage(told: Told, name: str) -> Callable[[int, int, dict[str, float]], None]:
    return lambda done, steps, losses: told(name, done, steps, losses)


def _data_hash(data: Path) -> str:
    """The manifest names every clip; what is made of it is taken to be the same as long as it is."""
    try:
        return sha256(data / MANIFEST)
    except OSError as error:
        raise TrainingError(
            f"The data folder {data} has no {MANIFEST} that can be read ({error.strerror}); name a folder of training"
            " clips."
        ) from error
