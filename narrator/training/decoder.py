"""Stage `decoder`: the autoencoder's decoder learns on, to make sharp pictures of latents that stay as they are.

The autoencoder's losses alone blur: where a hair can lie in several places, the mean of these costs least. Here a
critic learns to tell real pictures from made ones, patch by patch (Isola et al. 2017, arXiv:1611.07004, with the hinge
loss of Lim and Ye 2017, arXiv:1705.02894); the decoder learns to be taken for real, and to give the critic the features
of the real picture (feature matching, Wang et al. 2018, arXiv:1711.11585). Beside the losses of
`narrator.training.cutouts` a perceptual distance (Zhang et al. 2018, arXiv:1801.03924) keeps what is made near to what
is there, as in Esser et al. 2021 (arXiv:2012.09841). The encoder is finished, so that nothing that is learnt from
latents has to wait for this stage. The latents carry noise, as those that the animator makes have faults.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from narrator.training.autoencoder import AutoencoderStage
from narrator.training.cutouts import Cutouts, CutoutSettings, picture_losses
from narrator.training.errors import TrainingError
from narrator.training.stage import Batch, Materials, Stage
from narrator.video.net import LATENT_SCALE, build_vae

_DECODING = ("decoder.", "post_quant_conv.")


class DecoderSettings(CutoutSettings):
    """Settings of the stage.

    Attributes:
        perceptual: weight of the perceptual distance; 0 does without.
        seeming: weight of being taken for real.
        matching: weight of the L1 distance between the critic's features.
        noise: largest standard deviation of the noise in the scaled latents, which have one of 1.
        critic_width: channels of the critic's first layer.
    """

    perceptual: float = Field(default=0.5, ge=0, le=100)
    seeming: float = Field(default=0.05, ge=0, le=100)
    matching: float = Field(default=0.2, ge=0, le=100)
    noise: float = Field(default=0.2, ge=0, le=10)
    critic_width: int = Field(default=32, ge=8, multiple_of=8, strict=True)


class Critic(nn.Module):
    """Pictures [B, 3, h, w] to a verdict of each patch [B, 1, h/8, w/8], above 0 for real, and the features before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 3 * width)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 4, 2, 1), nn.GroupNorm(8, after), nn.LeakyReLU(0.2))
            for before, after in pairwise(widths)
        )
        self.verdict = nn.Conv2d(widths[-1], 1, 3, 1, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = [pictures]
        for layer in self.layers:
            features.append(layer(features[-1]))
        return self.verdict(features[-1]), features[1:]


class DecoderStage(Stage):
    """See the module."""

    name = "decoder"
    needs = (AutoencoderStage.name,)

    def __init__(self, materials: Materials, settings: DecoderSettings) -> None:
        if settings.perceptual and materials.perceptual is None:
            raise TrainingError(
                "The stage 'decoder' needs a perceptual distance; hand over `perceptual`, or set the stage's to 0."
            )
        self._settings = settings
        self._perceptual = materials.perceptual if settings.perceptual else None
        self._cutouts = Cutouts(materials, settings, self.name)
        vae = build_vae(materials.config.video.vae)
        vae.load_state_dict(dict(materials.trained[AutoencoderStage.name]))
        for key, parameter in vae.named_parameters():
            parameter.requires_grad_(key.startswith(_DECODING))
        self.module: nn.ModuleDict = nn.ModuleDict({"vae": vae, "critic": Critic(settings.critic_width)})

    def batch(self, step: int) -> Batch:
        return self._cutouts.batch(step)

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        pixels, settings = batch["pixels"], self._settings
        vae: Any = self.module["vae"]
        critic = self.module["critic"]
        with torch.no_grad():
            latents = vae.encode(pixels).latent_dist.mean
        worn = settings.noise / LATENT_SCALE * torch.rand(len(latents), 1, 1, 1, generator=generator)
        noise = worn * torch.randn(latents.shape, generator=generator)
        made = vae.decode(latents + noise.to(latents)).sample
        real, real_features = critic(pixels)
        unmasked, _ = critic(made.detach())
        fixed = {name: parameter.detach() for name, parameter in critic.named_parameters()}
        taken, features = torch.func.functional_call(critic, fixed, (made,))  # the decoder cannot change its critic
        distances = [functional.l1_loss(a, b.detach()) for a, b in zip(features, real_features, strict=True)]
        losses = picture_losses(made, batch, settings)
        if self._perceptual is not None:
            losses["perceptual"] = settings.perceptual * self._perceptual(made, pixels).mean()
        return losses | {
            "critic": torch.relu(1 - real).mean() + torch.relu(1 + unmasked).mean(),
            "seeming": -settings.seeming * taken.mean(),
            "matching": settings.matching * torch.stack(distances).mean(),
        }

    def tensors(self) -> dict[str, Tensor]:
        """The half of the part `vae` that decodes."""
        state = self.module["vae"].state_dict()
        return {f"vae.{key}": value for key, value in state.items() if key.startswith(_DECODING)}
