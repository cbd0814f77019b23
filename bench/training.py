"""Training studies: YAML files that say how the bundled generator is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bench.errors import UserMistake, problem_in_words
from bench.paths import written_path
from bench.strict_yaml import MAX_BYTES, read_yaml
from narrator.training.stage import StageSettings
from narrator.training.stages import settings_of
from narrator.training.study import TrainingStudy


def read_training_study(path: Path) -> TrainingStudy:
    """A training study from a YAML file; relative paths in it start at the file's own folder.

    Raises:
        UserMistake: no such file, not YAML, or not a training study; one sentence with the place.
    """
    path = written_path(str(path), "The study's path")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device would be waited for, or never end
            raise UserMistake(f"Cannot read the training study {path}: it is no regular file.")
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserMistake(f"Cannot read the training study {path}: {reason}.") from error
    content = read_yaml(text, str(path))
    if not isinstance(content, dict):
        raise UserMistake(f"{path} is no training study: expected keys as {', '.join(TrainingStudy.model_fields)}.")
    return _checked(content, str(path), path.parent)


def _checked(content: dict[str, Any], where: str, folder: Path) -> TrainingStudy:
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
    return study.model_copy(update={"data": (folder / study.data).resolve(), "stages": stages})


def _problem(error: ValidationError, before: str, model: type[BaseModel]) -> str:
    """The first problem in words; `before` is where the model's own content begins."""
    problem = error.errors()[0]
    place = before + ".".join(map(str, problem["loc"]))
    return problem_in_words(problem, place.rstrip("."), model.model_fields)
