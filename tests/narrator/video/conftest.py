"""The public fixtures of the video half, loaded into our networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from narrator.video.animator import FaceAnimator
from narrator.video.config import FaceAnimatorConfig, Sampling, UNetConfig, VaeConfig
from narrator.video.face_inputs import FaceInputs

TINY_UNET = UNetConfig(widths=(32, 32, 64, 64), layers=1, heads=8, context_width=24, audio_width=20)


def weights(folder: Path) -> dict[str, Tensor]:
    """A fixture's state dict, as float32."""
    return {key: value.float() for file in sorted(folder.glob("weights*")) for key, value in load_file(file).items()}


@dataclass
class PublicPipeline:
    """Networks with the public fixtures' weights, and what went in and came out of the public code."""

    animator: FaceAnimator
    unets: dict[str, Tensor]
    pipeline: dict[str, Tensor]

    @property
    def masks(self) -> tuple[Tensor, ...]:
        """For each level [3, frames, L]."""
        return tuple(torch.stack([self.unets[f"{r}_mask_{i}"] for r in ("full", "face", "lip")]) for i in range(4))

    @property
    def motion_scale(self) -> tuple[float, float, float]:
        full, face, lip = self.unets["motion_scale"].tolist()
        return full, face, lip

    @property
    def face(self) -> FaceInputs:
        public = self.pipeline
        return FaceInputs(public["ref_image"][0, 0], public["face_mask"][0], public["face_emb"][0], self.masks)


@pytest.fixture(scope="session")
def public_weights(shared: Path) -> Callable[[str], dict[str, Tensor]]:
    """The state dict of a fixture by the name of its folder."""
    return lambda name: weights(shared / "fixtures" / name)


@pytest.fixture(scope="session")
def public(shared: Path) -> PublicPipeline:
    """The tiny networks of `hallo_unets`, `hallo_face_locator`, `hallo_image_proj` and `hallo_pipeline`."""
    fixtures = shared / "fixtures"
    config = FaceAnimatorConfig(
        size=128,
        clip_frames=4,
        unet=TINY_UNET,
        vae=VaeConfig(widths=(32, 32, 32, 32), layers=1),
        audio_projection=None,
        sampling=Sampling(steps=3),
    )
    animator = FaceAnimator(config)
    net = weights(fixtures / "hallo_unets")
    for part, folder in (("face_locator", "hallo_face_locator"), ("imageproj", "hallo_image_proj")):
        net |= {f"{part}.{key}": value for key, value in weights(fixtures / folder).items()}
    animator.net.load_state_dict(net)
    animator.vae.load_state_dict(weights(fixtures / "hallo_pipeline"))
    return PublicPipeline(
        animator.requires_grad_(False),
        load_file(fixtures / "hallo_unets" / "io.safetensors"),
        load_file(fixtures / "hallo_pipeline" / "io.safetensors"),
    )
