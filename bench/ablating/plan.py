"""Ablation plans: which variants of the entangled latent space are trained, and how they are measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictStr, ValidationError, field_validator

from bench.choice import LABEL, Strict
from bench.errors import UserMistake, problem_in_words
from bench.strict_yaml import read_yaml, write_yaml
from bench.study import Study, parse_study
from bench.study_files import shipped, shipped_text, user_text
from bench.training import Training, find_training
from narrator.training.entangle import EntangleSettings
from narrator.training.study import TrainingStudy

_SHIPPED = "ablations"
"""Folder of those that ship."""
STAGE = "entangle"
REFERENCE = "ETE"
"""The variant that all others are held against: the paper's final model."""

VariantName = Annotated[str, Field(pattern=rf"^{LABEL.pattern}$", max_length=40)]


class Plan(Strict):
    """An ablation.

    Attributes:
        name: label of the ablation.
        training: the training study, by name or path, whose other stages all variants share.
        seeds: each variant is trained once with each; a variant with 0 steps once in all.
        entangle: settings of the stage `entangle` of all variants, their budget among them.
        variants: what each has of its own; `ETE` must be among them.
        generator: options of the generator beside its checkpoint, for all.
        study: a study without its generators: what is narrated, and how it is measured.
    """

    name: StrictStr = Field(min_length=1, max_length=200)
    training: StrictStr
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31, strict=True)], ...] = Field(min_length=1, max_length=100)
    entangle: dict[str, Any]
    variants: dict[VariantName, dict[str, Any]]
    generator: dict[str, Any] = Field(default_factory=dict)
    study: dict[str, Any]

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("names a seed twice")
        return seeds

    @field_validator("variants")
    @classmethod
    def _has_the_reference(cls, variants: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if REFERENCE not in variants:
            raise ValueError(f"needs the variant {REFERENCE}, which the others are held against")
        return variants


@dataclass(frozen=True)
class Trained:
    """One training of one variant.

    Attributes:
        variant: its name.
        seed: of its stage; None for the only training of a variant that has nothing to learn.
        study: the training study that ends with it.
    """

    variant: str
    seed: int | None
    study: TrainingStudy

    @property
    def label(self) -> str:
        """Names its folder and its generator."""
        return self.variant if self.seed is None else f"{self.variant}-{self.seed}"


@dataclass(frozen=True)
class Ablation:
    """A plan with everything that it names found and checked.

    Attributes:
        plan: as it was read.
        training: what all variants share.
        trainings: all that are to be done, in the order of the plan.
        folder: where relative paths of the plan start.
    """

    plan: Plan
    training: Training
    trainings: tuple[Trained, ...]
    folder: Path

    def study(self, checkpoints: dict[str, Path]) -> Study:
        """The study that narrates with the checkpoints, by label.

        Raises:
            UserMistake: the plan's study is none.
        """
        generators = [
            {
                "name": label,
                "plugin": "narrator",
                "options": {**self.plan.generator, "checkpoint": str(path.absolute())},
            }
            for label, path in checkpoints.items()
        ]
        content = {"name": self.plan.name, **self.plan.study, "generators": generators}
        return parse_study(write_yaml(content), f"the study of the ablation '{self.plan.name}'", self.folder)


def bundled_ablations() -> list[str]:
    """Names of the ablations that ship with the package."""
    return shipped(_SHIPPED)


def find_ablation(name: str, training_folder: Path) -> Ablation:
    """An ablation by path, or a bundled one by its name.

    Args:
        name: of the plan.
        training_folder: where the shared training lies, or will.

    Raises:
        UserMistake: no such plan, or one with a mistake; one sentence with the place.
    """
    if name in bundled_ablations():
        text, where, folder = shipped_text(_SHIPPED, name), f"the bundled ablation '{name}'", Path.cwd()
    else:
        path, text = user_text(Path(name), "ablation", f"Bundled ones: {', '.join(bundled_ablations())}.")
        where, folder = str(path), path.parent
    content = read_yaml(text, where)
    if not isinstance(content, dict):
        raise UserMistake(f"{where} is no ablation: expected keys as {', '.join(Plan.model_fields)}.")
    try:
        plan = Plan.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise UserMistake(f"{where}: {problem_in_words(problem, place, Plan.model_fields)}") from error
    at = folder / plan.training
    training = find_training(str(at) if at.is_file() else plan.training, training_folder)
    ablation = Ablation(plan, training, _trainings(plan, training.study, where), folder)
    ablation.study({REFERENCE: Path(__file__)})  # a mistake is found before any work
    return ablation


def _trainings(plan: Plan, shared: TrainingStudy, where: str) -> tuple[Trained, ...]:
    heard = getattr(shared.stages.get("speech"), "codes", None)  # the codes are as the speech model knows them
    codes = {} if heard is None else {"codes": heard.model_dump(exclude_unset=True)}
    found = []
    for variant, own in plan.variants.items():
        for seed in plan.seeds:
            try:
                settings = EntangleSettings.model_validate({**codes, **plan.entangle, **own, "seed": seed})
            except ValidationError as error:
                problem = error.errors()[0]
                key = str(problem["loc"][0]) if problem["loc"] else ""
                place = f"variants.{variant}" if key in own else "entangle"
                told = problem_in_words(problem, f"{place}.{key}", EntangleSettings.model_fields)
                raise UserMistake(f"{where}: {told}") from error
            others = {name: stage for name, stage in shared.stages.items() if name != STAGE}
            study = shared.model_copy(update={"stages": {**others, STAGE: settings}})
            found.append(Trained(variant, seed if settings.steps else None, study))
            if not settings.steps:
                break
    return tuple(found)
