"""The trained weights that ship: taken by their preset, held against their card, and made so by one command."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from support.stand_in_weights import RECIPE, ship_stand_in, write_training

import narrator
from narrator import shipped
from narrator.checkpoints.reading import CheckpointError
from narrator.files import sha256
from narrator.load_options import LoadOptions
from narrator.loading import BundledGenerator
from narrator.presets import bundled
from narrator.training import shipping
from narrator.training.errors import TrainingError

ROOT = Path(__file__).resolve().parents[2]
LACKING = (
    r"^generator 'narrator': the trained weights of preset 'bundled' are not in this installation \(.*bundled"
    r"\.safetensors is not there\); train them by `narrator-bench train bundled --out DIR` and pass"
    r" checkpoint=DIR/checkpoint\.safetensors\.$"
)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_training(folder)
    return folder


@pytest.fixture(scope="module")
def stand_in(training: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights with the stand-in in it."""
    weights = tmp_path_factory.mktemp("shipped") / "weights"
    ship_stand_in(training, weights)
    return weights


@pytest.fixture
def weights(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shipped, "FOLDER", stand_in)
    return stand_in


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of weights."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture
def own_training(training: Path, tmp_path: Path) -> Path:
    """A training to be changed."""
    return Path(shutil.copytree(training, tmp_path / "training"))


def test_the_preset_takes_the_weights_that_ship(weights: Path) -> None:
    generator = narrator.load("bundled")
    assert generator.name == "narrator-bundled"
    description = generator.describe()
    path = weights / "bundled.safetensors"
    assert description["checkpoint"] == {"checkpoint": {"file": path.name, "sha256": sha256(path)}}
    assert description["untrained"] == []
    assert generator.networks.config == bundled()
    assert not any("trained with ablation" in note for note in description["notes"])
    assert description["parameters"] == shipped.read_card("bundled").parameters
    named = narrator.load(checkpoint=path).networks.state_dict()
    assert all(torch.equal(named[key], value) for key, value in generator.networks.state_dict().items())


def test_a_checkpoint_goes_before_what_ships(weights: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.safetensors"
    own.symlink_to(weights / "bundled.safetensors")
    assert LoadOptions("bundled", checkpoint=own).files() == {"checkpoint": own}
    assert not LoadOptions("small").takes_shipped


def test_a_clip_is_made_again_when_other_weights_ship(weights: Path) -> None:
    hashes = BundledGenerator(preset="bundled").identity()["files"]
    assert hashes == {"checkpoint": shipped.read_card("bundled").sha256}


def test_without_the_weights_the_way_out_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    for load in (lambda: narrator.load(preset="bundled"), lambda: BundledGenerator(preset="bundled")):
        with pytest.raises(ValueError, match=LACKING):
            load()


def test_damaged_weights_are_refused(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    shutil.copytree(weights, tmp_path, dirs_exist_ok=True)
    content = bytearray((tmp_path / "bundled.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "bundled.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"are damaged \(SHA-256 .* reinstall narrator-bench\.$"):
        narrator.load("bundled")
    (tmp_path / "bundled.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"bundled\.json, cannot be read \(Field required\)"):
        narrator.load("bundled")


def test_an_ablation_runs_and_says_that_it_was_not_trained(weights: Path) -> None:
    notes = narrator.load("bundled", ablation="no-text", sharing="explicit").describe()["notes"]
    assert sum("trained with ablation 'none' and run with 'no-text'" in note for note in notes) == 1


def test_two_trained_encoders_cannot_be_shared(weights: Path) -> None:
    with pytest.raises(ValueError, match="sharing is 'shared', and the weights that ship were trained with two enc"):
        BundledGenerator(preset="bundled", sharing="shared")
    assert LoadOptions("bundled", sharing="explicit").takes_shipped


def test_shipping_copies_the_file_and_writes_its_card(
    training: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"checkpoint": {"sha256": sha256(training / "checkpoint.safetensors")}, "prompts": 40, "seed": 1}
    evaluation = room.parent / "evaluation.json"
    evaluation.write_text(json.dumps(figures | {"goals": [{"goal": "words", "value": 0.2}]}))
    command = [str(training), "--recipe", str(training / "study.yaml"), "--evaluation", str(evaluation)]
    assert shipping.main(command) == 0
    card = shipped.check_weights("bundled")
    assert (room / "bundled.safetensors").read_bytes() == (training / "checkpoint.safetensors").read_bytes()
    assert (card.licence, card.untrained, card.seed, card.sharing) == ("MIT", (), 3, "explicit")
    assert card.steps == {"codes": 7, "speech": 0}
    assert card.evaluated == {"prompts": 40, "seed": 1, "goals": [{"goal": "words", "value": 0.2}]}
    assert card.sha256 in capsys.readouterr().out
    first = (room / "bundled.json").read_bytes()
    assert shipping.main(command) == 0
    assert (room / "bundled.json").read_bytes() == first


def test_what_is_not_trained_in_full_ships_only_if_told(tmp_path: Path, room: Path) -> None:
    recipe = write_training(tmp_path / "part", without=("entangler", "net"))
    with pytest.raises(TrainingError, match="is untrained in entangler, net; train these parts, or name them after"):
        shipping.ship(tmp_path / "part", recipe, may_be_untrained=["speech"])
    assert not room.exists()
    assert shipping.main([str(tmp_path / "part"), "--recipe", str(recipe), "--untrained", "net", "entangler"]) == 0
    generator = narrator.load("bundled")
    assert generator.name == "narrator-bundled-untrained"
    assert generator.describe()["untrained"] == list(shipped.read_card("bundled").untrained) == ["entangler", "net"]


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        ("LARGEST_FILE", 10_000_000, r"MB, and at most 10 ship; take smaller networks\.$"),
        ("MOST_PARAMETERS", 1_000_000, r"parameters, and at most 1,000,000 ship; take smaller networks\.$"),
    ],
)
def test_what_is_too_large_is_refused(
    training: Path, room: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, says: str
) -> None:
    monkeypatch.setattr(shipping, limit, value)
    with pytest.raises(TrainingError, match=says):
        shipping.ship(training, training / "study.yaml")
    assert not room.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 4}, "trained with preset 'bundled' and seed 3, and the recipe says 'bundled' and 4"),
        ({"preset": "small"}, "the recipe says 'small' and 3"),
        ({"stages": {"codes": {"steps": 8}}}, "ends at step 7, and the recipe asks for 8"),
        ({"stages": {"vocoder": {"steps": 8}}}, "has no finished stage 'vocoder'"),
        ({"stages": {"vocodr": {"steps": 8}}}, "names stages that there are not: vocodr"),
        ({"stages": {"codes": {}}}, r"is no training study \(KeyError\)"),
    ],
)
def test_another_recipe_is_refused(own_training: Path, room: Path, changes: dict[str, Any], says: str) -> None:
    recipe = own_training / "study.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE | changes))
    with pytest.raises(TrainingError, match=says):
        shipping.ship(own_training, recipe)
    assert not room.exists()


def test_other_sizes_are_refused(own_training: Path, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(bundled(), entangle=replace(bundled().entangle, sharing="shared"))
    monkeypatch.setitem(shipping.PRESETS, "bundled", lambda: other)
    with pytest.raises(TrainingError, match="has other sizes or sampling rules than the preset 'bundled'"):
        shipping.ship(own_training, own_training / "study.yaml")
    narrator.load("small").save(own_training / "checkpoint.safetensors")
    with pytest.raises(TrainingError, match="has other sizes or sampling rules than the preset 'bundled'"):
        shipping.ship(own_training, own_training / "study.yaml")
    assert not room.exists()


def test_figures_of_another_file_are_refused(training: Path, room: Path, tmp_path: Path) -> None:
    evaluation = tmp_path / "evaluation.json"
    evaluation.write_text(json.dumps({"checkpoint": {"sha256": "0"}, "goals": [], "prompts": 40, "seed": 1}))
    with pytest.raises(TrainingError, match="was taken of another file"):
        shipping.ship(training, training / "study.yaml", evaluation)
    evaluation.write_text("[]")
    with pytest.raises(TrainingError, match="holds no figures of tests/benchmarks/bench_trained"):
        shipping.ship(training, training / "study.yaml", evaluation)


def test_the_recipe_is_what_decides_on_weights() -> None:
    same = RECIPE | {"name": "other", "device": "cuda", "threads": 2}
    assert shipping.recipe_hash(same) == shipping.recipe_hash(RECIPE)
    logged = {"codes": {"steps": 7, "log_every": 3}, "speech": {"steps": 0, "snapshot_every": 9}}
    assert shipping.recipe_hash(RECIPE | {"stages": logged}) == shipping.recipe_hash(RECIPE)
    assert shipping.recipe_hash(RECIPE | {"seed": 4}) != shipping.recipe_hash(RECIPE)


def test_the_shipped_weights_and_their_card_are_in_step() -> None:
    card = shipped.check_weights("bundled")
    path = shipped.weights_file("bundled")
    assert card.size == path.stat().st_size <= shipping.LARGEST_FILE
    assert sum(card.parameters.values()) <= shipping.MOST_PARAMETERS
    assert card.licence == "MIT"
    recipe = yaml.safe_load((ROOT / "bench/trainings/bundled.yaml").read_text())
    assert card.recipe == shipping.recipe_hash(recipe), "ship again with the recipe that was trained"
    assert card.steps == {name: settings["steps"] for name, settings in recipe["stages"].items()}
    assert card.evaluated is not None
    generator = narrator.load("bundled")
    assert generator.networks.config == bundled(), "the preset has changed since the weights were trained"
    assert generator.origin.untrained == card.untrained
    description = generator.describe()
    assert description["parameters"] == card.parameters
    config = generator.networks.config.entangle
    assert (config.sharing, config.ablation) == (card.sharing, card.ablation)
