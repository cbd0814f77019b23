"""A training's checkpoint made the weights that ship: `python -m narrator.training.shipping DIR --recipe STUDY.yaml`.

For a checkout, after a training: copies DIR/checkpoint.safetensors into the package and writes its card. A file that is
too large, or not trained in full, is refused.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from narrator import shipped
from narrator.checkpoints.layouts import OWN, recognise
from narrator.checkpoints.matching import require
from narrator.checkpoints.reading import CheckpointError, read_file
from narrator.checkpoints.storing import Header, read_header
from narrator.files import sha256
from narrator.networks import Networks, part_shapes, parts_of
from narrator.presets import PRESETS
from narrator.shipped import Card
from narrator.training.course import CHECKPOINT
from narrator.training.errors import TrainingError
from narrator.training.loop import WEIGHTS
from narrator.training.stages import STAGES

LARGEST_FILE = 15_000_000
"""Bytes."""
MOST_PARAMETERS = 10_000_000
LICENCE = "MIT"
_LEAVES_WEIGHTS_ALONE = ("name", "device", "threads", "held_out")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 where the training cannot ship."""
    parser = argparse.ArgumentParser(prog="python -m narrator.training.shipping", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="what `narrator-bench train STUDY --out DIR` left")
    parser.add_argument("--recipe", type=Path, required=True, metavar="STUDY.yaml", help="what was trained")
    parser.add_argument("--evaluation", type=Path, metavar="FILE.json", help="of tests/benchmarks/bench_trained.py")
    parser.add_argument("--untrained", nargs="*", default=[], metavar="PART", help="parts that may be untrained")
    asked = parser.parse_args(arguments)
    try:
        card = ship(asked.folder, asked.recipe, asked.evaluation, asked.untrained)
    except (TrainingError, CheckpointError, OSError) as error:
        print(error)
        return 2
    told = f"{card.size / 1e6:.1f} MB, {sum(card.parameters.values()):,} parameters, SHA-256 {card.sha256}"
    print(f"{shipped.weights_file(card.preset)}: {told}")
    if card.untrained:
        print(f"Untrained: {', '.join(card.untrained)}.")
    if card.evaluated is None:
        print("Not evaluated: take the figures by tests/benchmarks/bench_trained.py and call again with --evaluation.")
    return 0


def ship(folder: Path, recipe: Path, evaluation: Path | None = None, may_be_untrained: Sequence[str] = ()) -> Card:
    """Copy a training's checkpoint into the package and write its card.

    Args:
        folder: of the training.
        recipe: the study that was trained, YAML.
        evaluation: figures of just this checkpoint, JSON with its `sha256`.
        may_be_untrained: parts which no stage need have trained in full.

    Raises:
        TrainingError: it is not the checkpoint of a finished training by this recipe, is too large, or not trained.
        CheckpointError: the checkpoint cannot be read.
    """
    path = folder / CHECKPOINT
    study = _study(recipe)
    one = recognise(read_file(path))
    if one.layout != OWN:
        raise TrainingError(f"{path} is a {one.layout} file; name the folder of a training.")
    header = read_header(one.file)
    for part in parts_of(header.config):
        require(part_shapes(part, header.config), one.parts.get(part, {}), f"The {part} of {path}")
    parameters = _parameters(header)
    _check_sizes(path, header, study, parameters)
    lacking = sorted(set(header.untrained) - set(may_be_untrained))
    if lacking:
        raise TrainingError(
            f"{path} is untrained in {', '.join(lacking)}; train these parts, or name them after --untrained."
        )
    card = Card(
        preset=header.preset,
        sha256=sha256(path),
        size=path.stat().st_size,
        parameters=parameters,
        licence=LICENCE,
        untrained=header.untrained,
        seed=header.seed,
        sharing=header.config.entangle.sharing,
        ablation=header.config.entangle.ablation,
        recipe=recipe_hash(study),
        steps=_steps(folder, study),
        evaluated=None if evaluation is None else _figures(evaluation, path),
    )
    shipped.FOLDER.mkdir(exist_ok=True)
    goal = shipped.weights_file(card.preset)
    partial = goal.with_suffix(".partial")
    shutil.copyfile(path, partial)
    os.replace(partial, goal)
    shipped.write_card(shipped.card_file(card.preset), card)
    return card


def recipe_hash(study: Mapping[str, Any]) -> str:
    """A hash of what a training study says of the weights: not its name, its device, its comments or how it logs."""
    told = {key: value for key, value in study.items() if key not in _LEAVES_WEIGHTS_ALONE}
    told["stages"] = {
        name: {key: value for key, value in settings.items() if key not in ("snapshot_every", "log_every")}
        for name, settings in study["stages"].items()
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _study(recipe: Path) -> dict[str, Any]:
    try:
        study = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        stages = {name: int(settings["steps"]) for name, settings in study["stages"].items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(f"The recipe {recipe} is no training study ({type(error).__name__}); name one.") from error
    strangers = sorted(set(stages) - set(STAGES))
    if strangers:
        raise TrainingError(f"The recipe {recipe} names stages that there are not: {', '.join(strangers)}.")
    found: dict[str, Any] = study
    return found


def _check_sizes(path: Path, header: Header, study: Mapping[str, Any], parameters: Mapping[str, int]) -> None:
    if header.preset not in shipped.TRAINED or header.config != PRESETS[header.preset]():
        raise TrainingError(
            f"{path} has other sizes or sampling rules than the preset '{shipped.TRAINED[0]}' of this version; write it"
            " anew by `narrator-bench train` with this preset."
        )
    if header.preset != study.get("preset") or header.seed != study.get("seed", 0):
        raise TrainingError(
            f"{path} was trained with preset '{header.preset}' and seed {header.seed}, and the recipe says"
            f" '{study.get('preset')}' and {study.get('seed', 0)}; name the study that was trained."
        )
    size, count = path.stat().st_size, sum(parameters.values())
    if size > LARGEST_FILE:
        raise TrainingError(
            f"{path} has {size / 1e6:.1f} MB, and at most {LARGEST_FILE / 1e6:g} ship; take smaller networks."
        )
    if count > MOST_PARAMETERS:
        raise TrainingError(
            f"{path} has {count:,} parameters, and at most {MOST_PARAMETERS:,} ship; take smaller networks."
        )


def _parameters(header: Header) -> dict[str, int]:
    parts = Networks(header.config).parts()
    return {part: sum(parameter.numel() for parameter in module.parameters()) for part, module in parts.items()}


def _steps(folder: Path, study: Mapping[str, Any]) -> dict[str, int]:
    """The steps of each stage, as the recipe asks and, where they are kept, the logs say."""
    steps = {name: int(study["stages"][name]["steps"]) for name in STAGES if name in study["stages"]}
    for name, wanted in steps.items():
        if not (folder / name / WEIGHTS).is_file():
            raise TrainingError(f"{folder} has no finished stage '{name}', which the recipe asks for; train it first.")
        log = folder / name / "log.csv"
        rows = list(csv.DictReader(log.read_text(encoding="utf-8").splitlines())) if log.is_file() else []
        if rows and int(rows[-1]["step"]) != wanted:
            raise TrainingError(
                f"{log} ends at step {rows[-1]['step']}, and the recipe asks for {wanted}; name the study that was"
                " trained."
            )
    return steps


def _figures(evaluation: Path, checkpoint: Path) -> dict[str, Any]:
    try:
        told = json.loads(evaluation.read_bytes())
        found, figures = told["checkpoint"]["sha256"], told["goals"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise TrainingError(
            f"{evaluation} holds no figures of tests/benchmarks/bench_trained.py ({type(error).__name__}); name its"
            " JSON file."
        ) from error
    if found != sha256(checkpoint):
        raise TrainingError(f"{evaluation} was taken of another file than {checkpoint}; evaluate this one.")
    return {"prompts": told["prompts"], "seed": told["seed"], "goals": figures}


if __name__ == "__main__":
    raise SystemExit(main())
