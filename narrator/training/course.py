"""A whole training: the stages of a study one after another, each from what the former left, to a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from narrator.files import sha256
from narrator.options import one_of
from narrator.presets import PRESETS
from narrator.threads import threads
from narrator.training.checkpoint import write_checkpoint
from narrator.training.errors import TrainingError
from narrator.training.loop import WEIGHTS, train
from narrator.training.snapshots import read_tensors
from narrator.training.stage import Materials, Stage, StageSettings
from narrator.training.stages import build_stage, needs_of
from narrator.training.study import TrainingStudy
from narrator.training.utterances import MANIFEST

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Trained:
    """What a training has come to.

    Attributes:
        checkpoint: the file; None while stages were chosen.
        untrained: the parts of it that no stage has trained in full.
        missing: stages of the study that are not trained yet.
    """

    checkpoint: Path | None
    untrained: tuple[str, ...]
    missing: tuple[str, ...]


Told = Callable[[str, int, int, dict[str, float]], None]
"""Told after each row of a stage's log: the stage, steps done, steps in all, mean losses."""


def run_training(
    study: TrainingStudy,
    folder: Path,
    told: Told | None = None,
    weight_paths: Mapping[str, Path] | None = None,
    only: Collection[str] = (),
) -> Trained:
    """Train the stages of a study; what is done in the folder stays done, and a broken-off stage continues.

    A stage depends on those alone that it needs, so stages that do not need each other may be trained at the same time,
    by processes of their own: the weights are the same.

    Args:
        study: what to train.
        folder: receives a folder for each stage and, when all are trained, `checkpoint.safetensors`.
        told: see `Told`.
        weight_paths: see `Materials`.
        only: names of the stages to train now; all by default.

    Raises:
        TrainingError: the study, its data or what lies in the folder cannot be trained with.
    """
    for name in only:
        try:
            one_of("--only", name, tuple(study.stages))
        except ValueError as error:
            raise TrainingError(str(error)) from error
    config = PRESETS[study.preset]()
    all_settings = {name: study.settings(name) for name in study.stages}  # a mistake is found before any work
    data = _data_hash(study.data)
    states: dict[str, dict[str, Tensor]] = {}
    contributed: dict[str, Tensor] = {}
    versions: dict[str, str] = {}
    with threads(study.threads):
        for name, settings in all_settings.items():
            own, needs = folder / name, [one for one in needs_of(name) if one in study.stages]
            if only and name not in only and not (own / WEIGHTS).exists():
                continue
            if lacking := [one for one in needs if one not in states]:
                raise TrainingError(f"The stage '{name}' needs {' and '.join(lacking)}; train these first.")

            def made(clips: Path, held: str, name: str = name, settings: StageSettings = settings) -> Stage:
                cache = folder / "cache" / held[:16]
                before = {one: states[one] for one in needs_of(name) if one in states}
                told_by = {one: versions[one] for one in before}
                return build_stage(
                    name, Materials(config, clips, study.seed, before, told_by, cache, weight_paths), settings
                )

            if not only or name in only:
                stage = made(study.data, data)
                unseen = None if study.held_out is None else made(study.held_out, _data_hash(study.held_out))
                inputs = f"{config} {data} {[versions[one] for one in needs]}"
                tell = None if told is None else _of_stage(told, name)
                train(
                    stage, settings, own,
                    seed=study.seed, inputs=inputs, device=study.device, held_out=unseen, progress=tell,
                )  # fmt: skip
                contributed |= stage.tensors()
            states[name] = read_tensors(own / WEIGHTS)[0]
            versions[name] = sha256(own / WEIGHTS)[:16]
    if only:
        return Trained(None, (), tuple(name for name in study.stages if name not in states))
    checkpoint = folder / CHECKPOINT
    return Trained(checkpoint, write_checkpoint(checkpoint, study.preset, study.seed, contributed), ())


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
