"""Stage `autoencoder`: pictures to latents of an eighth of the size and back.

Losses: L1 of the pixels and of their differences to the right and below, at three scales (edges are what makes a face
and a mouth readable), weighted at face and lips; L1 of the differences between red, green and blue at the coarser
scales, since pixels differ mostly in brightness, and hues come late without it; the Kullback-Leibler term of the
variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114), small; and the distance of the scaled latents' mean
and deviation from 0 and 1, because diffusion starts from noise of that size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from pydantic import Field
from torch import Generator, Tensor
from torch.nn import functional

from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.pictures import Frames, regions, to_floats
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import read_utterances
from narrator.video.net import LATENT_SCALE, build_vae

_SCALES = 3


class AutoencoderSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        crop: side of the cut-outs that most steps learn from, pixels; a multiple of 8.
        whole_every: every so many steps a quarter of the batch is whole pictures instead.
        face_weight, lip_weight: of the pixels there; all others weigh 1.
        edges: weight of the differences between neighbours.
        hues: weight of the differences between colours.
        divergence: weight of the Kullback-Leibler term.
        moments: weight of the latents' mean and deviation.
    """

    crop: int = Field(default=64, ge=32, multiple_of=8, strict=True)
    whole_every: int = Field(default=4, ge=1, strict=True)
    face_weight: float = Field(default=2.0, ge=1, le=100)
    lip_weight: float = Field(default=5.0, ge=1, le=100)
    edges: float = Field(default=1.0, ge=0, le=100)
    hues: float = Field(default=1.0, ge=0, le=100)
    divergence: float = Field(default=1e-4, ge=0, le=1)
    moments: float = Field(default=0.02, ge=0, le=10)


class AutoencoderStage(Stage):
    """See the module."""

    name = "autoencoder"

    def __init__(self, materials: Materials, settings: AutoencoderSettings) -> None:
        self._settings, self._seed = settings, materials.seed
        size = materials.config.video.size
        if settings.crop > size:
            raise TrainingError(f"The stage 'autoencoder' has crops of {settings.crop} pixels, pictures have {size}.")
        self._frames = Frames.cached(materials.cache / f"frames-{size}.raw", read_utterances(materials.data), size)
        self._regions = regions(materials.cache / f"regions-{size}.npy", self._frames, materials.weight_paths)
        self._usable = [place for place in range(len(self._frames)) if len(self._frames[place])]
        if not self._usable:
            raise TrainingError("No clip of the data has pictures; the stage 'autoencoder' learns from them.")
        self.module: AutoencoderKL = build_vae(materials.config.video.vae)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng(derived_seed(self._seed, self.name, "batch", step))
        size, whole = self._frames.size, step % self._settings.whole_every == 0
        side = size if whole else self._settings.crop
        count = max(1, self._settings.batch // 4) if whole else self._settings.batch
        pixels, weights = [], []
        for at in rng.integers(len(self._usable), size=count):
            place = self._usable[int(at)]
            clip = self._frames[place]
            picture = clip[int(rng.integers(len(clip)))]
            weight = self._weight(place)
            top, left = (int(at) for at in rng.integers(size - side + 1, size=2))
            if not whole and rng.random() < 0.5:  # half of the cut-outs hold the mouth
                top, left = self._at_lips(place, side)
            window = (slice(top, top + side), slice(left, left + side))
            way = int(rng.choice((-1, 1)))  # mirrored pictures are as good as others
            pixels.append(picture[window][:, ::way])
            weights.append(weight[window][:, ::way])
        return {"pixels": to_floats(np.stack(pixels)), "weight": torch.from_numpy(np.stack(weights))[:, None]}

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        pixels, weight = batch["pixels"], batch["weight"]
        vae: Any = self.module
        posterior = vae.encode(pixels).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator).to(pixels.device)
        made = vae.decode(posterior.mean + posterior.std * noise).sample
        colours, edges, hues = _compared(made, pixels, weight)
        mean, deviation = posterior.mean * LATENT_SCALE, posterior.std * LATENT_SCALE
        divergence = 0.5 * (mean.square() + deviation.square() - 1 - 2 * deviation.log()).mean()
        spread = mean.transpose(0, 1).flatten(1)
        moments = spread.mean(1).square().mean() + (spread.std(1) - 1).square().mean()
        return {
            "colours": colours,
            "edges": self._settings.edges * edges,
            "hues": self._settings.hues * hues,
            "divergence": self._settings.divergence * divergence,
            "moments": self._settings.moments * moments,
        }

    def tensors(self) -> dict[str, Tensor]:
        """The part `vae`."""
        return {f"vae.{key}": value for key, value in self.module.state_dict().items()}

    def _weight(self, place: int) -> np.ndarray:
        """Weights of the pixels of a clip, float32 [size, size]."""
        weight = np.ones((self._frames.size, self._frames.size), np.float32)
        chosen = (self._settings.face_weight, self._settings.lip_weight)
        for (x0, x1, y0, y1), value in zip(self._regions[place], chosen, strict=True):
            weight[y0:y1, x0:x1] = value
        return weight

    def _at_lips(self, place: int, side: int) -> tuple[int, int]:
        """Top and left of the cut-out around the lips."""
        x0, x1, y0, y1 = self._regions[place][1]
        last = self._frames.size - side
        return tuple(int(np.clip((a + b - side) // 2, 0, last)) for a, b in ((y0, y1), (x0, x1)))  # type: ignore[return-value]


def _compared(made: Tensor, real: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted L1 distances of pixels, of their differences from neighbours, and of those between their colours.

    Means over the scales, the last one without the finest.
    """
    colours, edges, hues = (made.new_zeros(()) for _ in range(3))
    for scale in range(_SCALES):
        if scale:
            made, real, weight = (functional.avg_pool2d(x, 2) for x in (made, real, weight))
        off = made - real
        total = weight.mean()
        colours = colours + (weight * off.abs()).mean() / total
        if scale:
            hues = hues + (weight * (off - off.roll(1, 1)).abs()).mean() / total
        for axis in (-1, -2):
            length = off.shape[axis] - 1
            edges = edges + (weight.narrow(axis, 0, length) * off.diff(dim=axis).abs()).mean() / total
    return colours / _SCALES, edges / (2 * _SCALES), hues / (_SCALES - 1)
