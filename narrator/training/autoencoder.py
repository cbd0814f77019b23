"""Stage `autoencoder`: pictures to latents of an eighth of the size and back.

Losses: those of `narrator.training.cutouts` between a picture and its reconstruction; the Kullback-Leibler term of the
variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114), small; and the distance of the scaled latents' mean
and deviation from 0 and 1, because diffusion starts from noise of that size.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKL
from pydantic import Field
from torch import Generator, Tensor

from narrator.training.cutouts import Cutouts, CutoutSettings, picture_losses
from narrator.training.stage import Batch, Materials, Stage
from narrator.video.net import LATENT_SCALE, build_vae


class AutoencoderSettings(CutoutSettings):
    """Settings of the stage.

    Attributes:
        divergence: weight of the Kullback-Leibler term.
        moments: weight of the latents' mean and deviation.
    """

    divergence: float = Field(default=1e-4, ge=0, le=1)
    moments: float = Field(default=0.02, ge=0, le=10)


class AutoencoderStage(Stage):
    """See the module."""

    name = "autoencoder"

    def __init__(self, materials: Materials, settings: AutoencoderSettings) -> None:
        self._settings = settings
        self._cutouts = Cutouts(materials, settings, self.name)
        self.module: AutoencoderKL = build_vae(materials.config.video.vae)

    def batch(self, step: int) -> Batch:
        return self._cutouts.batch(step)

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        pixels = batch["pixels"]
        vae: Any = self.module
        posterior = vae.encode(pixels).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator).to(pixels.device)
        made = vae.decode(posterior.mean + posterior.std * noise).sample
        mean, deviation = posterior.mean * LATENT_SCALE, posterior.std * LATENT_SCALE
        divergence = 0.5 * (mean.square() + deviation.square() - 1 - 2 * deviation.log()).mean()
        spread = mean.transpose(0, 1).flatten(1)
        moments = spread.mean(1).square().mean() + (spread.std(1) - 1).square().mean()
        return picture_losses(made, batch, self._settings) | {
            "divergence": self._settings.divergence * divergence,
            "moments": self._settings.moments * moments,
        }

    def tensors(self) -> dict[str, Tensor]:
        """The part `vae`."""
        return {f"vae.{key}": value for key, value in self.module.state_dict().items()}
