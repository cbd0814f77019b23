"""State-dict keys and shapes of the full-size networks against those of the released checkpoints."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from narrator.video.animator import FaceAnimator
from narrator.video.config import FaceAnimatorConfig

pytestmark = pytest.mark.shared


def manifest(shared: Path, name: str) -> dict[str, list[int]]:
    keys: dict[str, list[int]] = json.loads(gzip.decompress((shared / "manifests" / f"{name}.json.gz").read_bytes()))
    return keys


def shapes(module: nn.Module) -> dict[str, list[int]]:
    return {key: list(value.shape) for key, value in module.state_dict().items()}


def paper(**parts: bool) -> FaceAnimator:
    with torch.device("meta"):
        return FaceAnimator(FaceAnimatorConfig.paper(**parts))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hallo_net", {}),
        ("nfy_net", {"audio_projection": False}),
        ("nfy_net_without_audio_modules", {"audio_modules": False}),
    ],
)
def test_net_has_the_keys_and_shapes_of_the_checkpoint(shared: Path, name: str, parts: dict[str, bool]) -> None:
    assert shapes(paper(**parts).net) == manifest(shared, name)


def test_vae_is_sd_vae_ft_mse(shared: Path) -> None:
    assert shapes(paper().vae) == manifest(shared, "sd_vae_ft_mse")


def test_both_unets_contain_stable_diffusion(shared: Path) -> None:
    stable_diffusion, net = manifest(shared, "sd15_unet"), paper().net
    head = {key for key in stable_diffusion if key.startswith(("conv_norm_out.", "conv_out."))}
    assert shapes(net.reference_unet) == {k: v for k, v in stable_diffusion.items() if k not in head}
    denoising = shapes(net.denoising_unet)
    assert stable_diffusion.items() <= denoising.items()
    added = set(denoising) - set(stable_diffusion)
    assert all(".motion_modules." in key or ".audio_modules." in key for key in added)


def test_motion_modules_and_position_codes_are_counted(shared: Path) -> None:
    codes = [key for key in shapes(paper().net) if key.endswith(".pe")]
    assert len(codes) == 42
