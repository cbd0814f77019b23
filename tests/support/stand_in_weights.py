"""A finished training of the bundled preset for tests of shipping: its weights come from a seed and count as learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from narrator import shipped
from narrator.networks import PARTS, UNTRAINED_ENTANGLING, untrained
from narrator.presets import bundled
from narrator.training import shipping
from narrator.training.checkpoint import write_checkpoint

RECIPE: dict[str, Any] = {
    "name": "stand-in",
    "preset": "bundled",
    "seed": 3,
    "data": {"clips": 4},
    "stages": {"codes": {"steps": 7}, "speech": {"steps": 0}},
}


def write_training(folder: Path, *, without: tuple[str, ...] = ()) -> Path:
    """A training's folder; the weights of all parts but `without` count as trained. Its recipe, `study.yaml`."""
    for stage, log in {"codes": "step,learning_rate\n5,0.1\n7,0.1\n", "speech": ""}.items():
        (folder / stage).mkdir(parents=True)
        (folder / stage / "weights.safetensors").touch()
        if log:
            (folder / stage / "log.csv").write_text(log)
    trained = {
        f"{part}.{key}": value
        for part in PARTS
        if part not in without
        for key, value in untrained(part, bundled(), 3, UNTRAINED_ENTANGLING).state_dict().items()
    }
    assert write_checkpoint(folder / "checkpoint.safetensors", "bundled", bundled(), 3, trained) == without
    recipe = folder / "study.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    return recipe


def ship_stand_in(training: Path, weights: Path) -> shipped.Card:
    """Ship the training into another folder than the package's."""
    package, shipped.FOLDER = shipped.FOLDER, weights
    try:
        return shipping.ship(training, training / "study.yaml")
    finally:
        shipped.FOLDER = package
