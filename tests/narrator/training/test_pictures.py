"""The stages of pictures in miniature, on clips of the bundled corpus: they learn what then loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

pytest.importorskip("lightning_fabric", reason="needs lightning-fabric: install narrator-bench[train]")

from bench.synthetic.studio import make_studio
from bench.training import perceptual_distance
from metrics.video.lpips import lpips
from metrics.weights import fetch
from narrator.face import FaceMesh
from narrator.networks import Part, part_shapes
from narrator.presets import bundled
from narrator.training.errors import TrainingError
from narrator.training.loop import WEIGHTS, train
from narrator.training.pictures import Frames
from narrator.training.snapshots import read_tensors
from narrator.training.stage import Materials, Stage
from narrator.training.stages import build_stage, settings_of

pytestmark = [pytest.mark.slow, pytest.mark.weights]

ASKED = {
    "autoencoder": {"steps": 30, "batch": 4, "crop": 32, "learning_rate": 0.003, "warmup": 2, "average": 0.5},
    "decoder": {"steps": 20, "batch": 4, "crop": 64, "learning_rate": 0.003, "warmup": 2, "average": 0.5},
    "features": {"steps": 24, "batch": 2, "frames": 25, "learning_rate": 0.003, "warmup": 2, "average": 0.5},
    "animator": {"steps": 10, "batch": 1, "learning_rate": 0.003, "warmup": 1, "average": 0.5, "unconditional": 0.5},
}
LEARNT: dict[str, tuple[Part, tuple[str, ...]]] = {
    "autoencoder": ("vae", ("",)),
    "decoder": ("vae", ("decoder.", "post_quant_conv.")),
    "features": ("features", ("",)),
    "animator": ("net", ("",)),
}
"""The part that each stage contributes to, and how the keys begin that it has learnt."""


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Materials:
    """Four clips of one speaker, and nothing trained yet."""
    folder = tmp_path_factory.mktemp("pictures")
    make_studio(folder / "data", "train", 4, seed=3)
    found = {name: fetch(name) for name in FaceMesh.weights}
    return Materials(bundled(), folder / "data", 1, {}, {}, folder / "cache", found, perceptual_distance)


def built(name: str, materials: Materials) -> Stage:
    return build_stage(name, materials, settings_of(name).model_validate(ASKED[name]))


@torch.no_grad()
def loss(stage: Stage) -> float:
    """Of eight fixed batches."""
    return float(np.mean([
        sum(value.item() for value in stage.losses(stage.batch(1000 + at), Generator().manual_seed(at)).values())
        for at in range(8)
    ]))  # fmt: skip


@pytest.fixture(scope="module")
def trained(materials: Materials) -> dict[str, tuple[float, Stage]]:
    """Each stage after its training, with the loss before it."""
    done: dict[str, tuple[float, Stage]] = {}
    states: dict[str, dict[str, Tensor]] = {}
    for name in ASKED:
        stage = built(name, replace(materials, trained=states, versions=dict.fromkeys(states, "v1")))
        before, folder = loss(stage), materials.cache.parent / name
        train(stage, settings_of(name).model_validate(ASKED[name]), folder, seed=1)
        states[name] = read_tensors(folder / WEIGHTS)[0]
        done[name] = before, stage
    return done


@pytest.mark.parametrize("name", ASKED)
def test_losses_fall(trained: dict[str, tuple[float, Stage]], name: str) -> None:
    before, stage = trained[name]
    assert loss(stage) < 0.97 * before


@pytest.mark.parametrize("name", ASKED)
def test_what_is_learnt_is_a_part_of_the_generator(trained: dict[str, tuple[float, Stage]], name: str) -> None:
    part, beginnings = LEARNT[name]
    shapes = {key.removeprefix(f"{part}."): tuple(value.shape) for key, value in trained[name][1].tensors().items()}
    of_part = part_shapes(part, bundled()).items()
    assert shapes == {key: tuple(shape) for key, shape in of_part if key.startswith(beginnings)}


def test_the_decoder_learns_on_alone(trained: dict[str, tuple[float, Stage]]) -> None:
    before, after = trained["autoencoder"][1].tensors(), trained["decoder"][1].module["vae"].state_dict()  # type: ignore[index]
    same = {key for key, value in before.items() if torch.equal(value, after[key.removeprefix("vae.")])}
    assert same == {key for key in before if key.startswith(("vae.encoder.", "vae.quant_conv."))}


def test_neither_decoder_nor_critic_learns_from_the_others_losses(trained: dict[str, tuple[float, Stage]]) -> None:
    stage = trained["decoder"][1]
    vae, critic = (list(stage.module[name].parameters()) for name in ("vae", "critic"))  # type: ignore[index]
    learnt = [parameter for parameter in vae if parameter.requires_grad]
    losses = {"critic": learnt, "seeming": critic, "matching": critic, "edges": critic, "perceptual": critic}
    for name, others in losses.items():
        loss = stage.losses(stage.batch(0), Generator().manual_seed(0))[name]
        assert all(
            gradient is None for gradient in torch.autograd.grad(loss, others, retain_graph=True, allow_unused=True)
        )
        own = critic if name == "critic" else learnt
        assert any(
            gradient is not None and gradient.any() for gradient in torch.autograd.grad(loss, own, allow_unused=True)
        )


def test_the_perceptual_distance_teaches_the_pictures_alone() -> None:
    made = torch.zeros(2, 3, 64, 64, requires_grad=True)
    distances = perceptual_distance(made, torch.rand(2, 3, 64, 64))
    (gradient,) = torch.autograd.grad(distances.sum(), made)
    assert gradient.flatten(1).any(1).all()
    assert not any(parameter.requires_grad for parameter in lpips("cpu").parameters())


def test_the_mouth_is_where_the_mask_of_the_lips_is(trained: dict[str, tuple[float, Stage]]) -> None:
    """Frames of a clip differ most at the lips, since they speak: the weights lie where they should."""
    stage = trained["animator"][1]
    batch = stage.batch(0)
    frames: Frames = stage.frames  # type: ignore[attr-defined]
    side = round(batch["level-0"].shape[-1] ** 0.5)
    lips = batch["level-0"][0, 2].reshape(side, side).numpy()
    moved = np.abs(np.diff(np.asarray(frames[0], np.float32).mean(3), axis=0)).mean(0)
    coarse = moved.reshape(side, frames.size // side, side, -1).mean((1, 3))
    assert (coarse * lips).sum() / lips.sum() > 1.5 * coarse.mean()


def test_stages_say_what_they_need(materials: Materials, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="put the stage 'autoencoder' before it"):
        built("animator", materials)
    with pytest.raises(TrainingError, match="face-mesh"):
        built("autoencoder", replace(materials, weight_paths=None, cache=tmp_path))
    finished = replace(materials, trained={"autoencoder": {}})
    with pytest.raises(TrainingError, match="hand over `perceptual`, or set the stage's to 0"):
        built("decoder", replace(finished, perceptual=None))
