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
from narrator.training.stage import Materials, PictureDistance, Stage
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
    perceptual: PictureDistance | None = None,
    only: Collection[str] = (),
    last: Path | None = None,
) -> Trained:
    """Train the stages of a study; what is done in the folder stays done, and a broken-off stage continues.

    A stage depends on those alone that it needs, so stages that do not need each other may be trained at the same time,
    by processes of their own: the weights are the same.

    Args:
        study: what to train.
        folder: receives a folder for each stage and, when all are trained, `checkpoint.safetensors`.
        told: see `Told`.
        weight_paths, perceptual: see `Materials`.
        only: names of the stages to train now; all by default.
        last: receives the folder of the last stage and the checkpoint instead, so that several trainings can differ in
            that stage and share all that goes before.

    Raises:
        TrainingError: the study, its data or what lies in the folder cannot be trained with.
    """
    for name in only:
        try:
            one_of("--only", name, tuple(study.stages))
        except ValueError as error:
            raise TrainingError(str(error)) from error
    course = _Course(study, folder, last or folder, weight_paths, perceptual)
    with threads(study.threads):
        for name in study.stages:
            if not only or name in only:
                course.train(name, told)
            elif course.finished(name):
                course.take(name)
    if only:
        return Trained(None, (), tuple(name for name in study.stages if name not in course.states))
    return course.checkpoint()


class _Course:
    """A training on its way: what the stages so far have come to, by stage."""

    def __init__(
        self,
        study: TrainingStudy,
        folder: Path,
        last: Path,
        weight_paths: Mapping[str, Path] | None,
        perceptual: PictureDistance | None,
    ) -> None:
        self._study, self._folder, self._last = study, folder, last
        self._weight_paths, self._perceptual = weight_paths, perceptual
        self._config = self._final = PRESETS[study.preset]()
        self._settings = {name: study.settings(name) for name in study.stages}  # a mistake is found before any work
        self._data = _data_hash(study.data)
        self.states: dict[str, dict[str, Tensor]] = {}
        self._versions: dict[str, str] = {}
        self._contributed: dict[str, Tensor] = {}

    def finished(self, name: str) -> bool:
        """Whether the weights of a stage lie in its folder."""
        return (self._own(name) / WEIGHTS).exists()

    def train(self, name: str, told: Told | None) -> None:
        """Train a stage, or load it where it is finished."""
        study, needs = self._study, self._needs(name)
        if lacking := [one for one in needs if one not in self.states]:
            raise TrainingError(f"The stage '{name}' needs {' and '.join(lacking)}; train these first.")
        stage = self._built(name, study.data, self._data)
        unseen = None if study.held_out is None else self._built(name, study.held_out, _data_hash(study.held_out))
        train(
            stage,
            self._settings[name],
            self._own(name),
            seed=study.seed,
            inputs=f"{self._config} {self._data} {[self._versions[one] for one in needs]}",
            device=study.device,
            held_out=unseen,
            progress=None if told is None else _of_stage(told, name),
        )
        self._contributed |= stage.tensors()
        self._final = stage.configured(self._final)
        self.take(name)

    def take(self, name: str) -> None:
        """Take the weights of a finished stage for those that need it."""
        path = self._own(name) / WEIGHTS
        self.states[name] = read_tensors(path)[0]
        self._versions[name] = sha256(path)[:16]

    def checkpoint(self) -> Trained:
        """Write what all stages have learnt."""
        path, study = self._last / CHECKPOINT, self._study
        untrained = write_checkpoint(path, study.preset, self._final, study.seed, self._contributed)
        return Trained(path, untrained, ())

    def _own(self, name: str) -> Path:
        """The folder of a stage."""
        return (self._last if name == next(reversed(self._settings)) else self._folder) / name

    def _needs(self, name: str) -> list[str]:
        return [one for one in needs_of(name) if one in self._settings]

    def _built(self, name: str, clips: Path, hashed: str) -> Stage:
        before = {one: self.states[one] for one in self._needs(name)}
        materials = Materials(
            self._config,
            clips,
            self._study.seed,
            before,
            {one: self._versions[one] for one in before},
            self._folder / "cache" / hashed[:16],
            self._weight_paths,
            self._perceptual,
        )
        return build_stage(name, materials, self._settings[name])


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
