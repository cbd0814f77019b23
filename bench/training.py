"""Training studies: YAML files that say how the bundled generator is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError
from torch import Tensor

from bench.choice import Strict
from bench.errors import UserMistake, problem_in_words
from bench.strict_yaml import read_yaml
from bench.study_files import shipped, shipped_text, user_text
from narrator.training.stage import PictureDistance, StageSettings
from narrator.training.stages import OF_PICTURES, settings_of
from narrator.training.study import TrainingStudy

_SHIPPED = "trainings"
"""Folder of those that ship."""


class ClipRequest(Strict):
    """Training clips of the bundled corpus, made where the study names no folder of clips.

    Attributes:
        clips: how many to train with, see `bench.synthetic.studio`.
        voices: how many further ones of sound alone.
        held_out: how many others, of other speakers and sentences, whose losses are logged.
    """

    clips: int = Field(ge=1, le=100_000, strict=True)
    voices: int = Field(default=0, ge=0, le=1_000_000, strict=True)
    held_out: int = Field(default=40, ge=0, le=100_000, strict=True)


@dataclass(frozen=True)
class Training:
    """A training study, and the clips that are made for it before it starts, if any."""

    study: TrainingStudy
    request: ClipRequest | None

    def weight_paths(self) -> dict[str, Path] | None:
        """The networks that find a face, fetched and verified; None where no stage looks at pictures.

        Raises:
            WeightsError: one cannot be had.
        """
        return face_weights() if OF_PICTURES & set(self.study.stages) else None

    def perceptual(self) -> PictureDistance | None:
        """LPIPS on AlexNet, whose weights are fetched and verified; None where no stage needs it.

        Raises:
            WeightsError: they cannot be had.
        """
        if not any(getattr(self.study.settings(name), "perceptual", 0) for name in self.study.stages):
            return None
        from metrics.video.lpips import WEIGHTS
        from metrics.weights import fetch

        fetch(WEIGHTS)  # now, not hours later
        return perceptual_distance

    def prepare(self, workers: int) -> None:
        """Make the clips that are not there yet."""
        if self.request is None:
            return
        from bench.synthetic.studio import make_studio

        make_studio(self.study.data, "train", self.request.clips, self.study.seed, workers, self.request.voices)
        if self.study.held_out is not None:
            make_studio(self.study.held_out, "held-out", self.request.held_out, self.study.seed, workers)


def perceptual_distance(one: Tensor, other: Tensor) -> Tensor:
    """LPIPS on AlexNet; its network learns nothing. See `narrator.training.stage.PictureDistance`."""
    from metrics.video.lpips import lpips

    distances: Tensor = lpips(str(one.device)).requires_grad_(False)(one, other)
    return distances


def face_weights() -> dict[str, Path]:
    """The networks that find a face, fetched and verified.

    Raises:
        WeightsError: one cannot be had.
    """
    from metrics.weights import fetch
    from narrator.face import FaceMesh

    return {name: fetch(name) for name in FaceMesh.weights}


def bundled_trainings() -> list[str]:
    """Names of the training studies that ship with the package."""
    return shipped(_SHIPPED)


def find_training(name: str, out: Path) -> Training:
    """A training study by path, or a bundled one by its name; `out` is its folder, where clips are made."""
    if name in bundled_trainings():
        return _parsed(shipped_text(_SHIPPED, name), f"the bundled training study '{name}'", Path.cwd(), out)
    return read_training(Path(name), out)


def read_training(path: Path, out: Path) -> Training:
    """A training study from a YAML file; relative paths in it start at the file's own folder.

    Raises:
        UserMistake: no such file, not YAML, or not a training study; one sentence with the place.
    """
    path, text = user_text(path, "training study", f"Bundled ones: {', '.join(bundled_trainings())}.")
    return _parsed(text, str(path), path.parent, out)


def _parsed(text: str, where: str, folder: Path, out: Path) -> Training:
    content = read_yaml(text, where)
    if not isinstance(content, dict):
        raise UserMistake(f"{where} is no training study: expected keys as {', '.join(TrainingStudy.model_fields)}.")
    request = None
    if isinstance(content.get("data"), dict):
        try:
            request = ClipRequest.model_validate(content["data"])
        except ValidationError as error:
            raise UserMistake(f"{where}: {_problem(error, 'data.', ClipRequest)}") from error
        content = {**content, "data": out.absolute() / "data"}
        if request.held_out:
            content["held_out"] = out.absolute() / "held-out"
    try:
        study = TrainingStudy.model_validate(content)
    except ValidationError as error:
        raise UserMistake(f"{where}: {_problem(error, '', TrainingStudy)}") from error
    stages: dict[str, StageSettings] = {}
    for name in study.stages:
        try:
            settings = study.settings(name)
        except ValidationError as error:
            raise UserMistake(f"{where}: {_problem(error, f'stages.{name}.', settings_of(name))}") from error
        stages[name] = settings.model_copy(update={"init": settings.init and (folder / settings.init).resolve()})
    held_out = study.held_out and (folder / study.held_out).resolve()
    anchored = study.model_copy(
        update={"data": (folder / study.data).resolve(), "held_out": held_out, "stages": stages}
    )
    return Training(anchored, request)


def _problem(error: ValidationError, before: str, model: type[BaseModel]) -> str:
    """The first problem in words; `before` is where the model's own content begins."""
    problem = error.errors()[0]
    place = before + ".".join(map(str, problem["loc"]))
    return problem_in_words(problem, place.rstrip("."), model.model_fields)
