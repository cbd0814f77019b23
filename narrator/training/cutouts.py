"""What the autoencoder learns from: cut-outs of the clips' frames, and how a reconstruction is compared with one.

Losses: L1 of the pixels and of their differences to the right and below, at three scales (edges are what makes a face
and a mouth readable), weighted at face and lips; L1 of the differences between red, green and blue at the coarser
scales, since pixels differ mostly in brightness, and hues come late without it.
"""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.pictures import Frames, regions, to_floats
from narrator.training.stage import Batch, Materials, StageSettings
from narrator.training.utterances import read_utterances

_SCALES = 3


class CutoutSettings(StageSettings):
    """Settings of a stage that learns from cut-outs.

    Attributes:
        crop: side of the cut-outs that most steps learn from, pixels; a multiple of 8.
        whole_every: every so many steps a quarter of the batch is whole pictures instead.
        face_weight, lip_weight: of the pixels there; all others weigh 1.
        edges: weight of the differences between neighbours.
        hues: weight of the differences between colours.
    """

    crop: int = Field(default=64, ge=32, multiple_of=8, strict=True)
    whole_every: int = Field(default=4, ge=1, strict=True)
    face_weight: float = Field(default=2.0, ge=1, le=100)
    lip_weight: float = Field(default=5.0, ge=1, le=100)
    edges: float = Field(default=1.0, ge=0, le=100)
    hues: float = Field(default=1.0, ge=0, le=100)


class Cutouts:
    """The cut-outs of all clips' frames, in an order that depends on seed and stage alone."""

    def __init__(self, materials: Materials, settings: CutoutSettings, stage: str) -> None:
        self._settings, self._seed, self._stage = settings, materials.seed, stage
        size = materials.config.video.size
        if settings.crop > size:
            raise TrainingError(f"The stage '{stage}' has crops of {settings.crop} pixels, pictures have {size}.")
        self._frames = Frames.cached(materials.cache / f"frames-{size}.raw", read_utterances(materials.data), size)
        self._regions = regions(materials.cache / f"regions-{size}.npy", self._frames, materials.weight_paths)
        self._usable = [place for place in range(len(self._frames)) if len(self._frames[place])]
        if not self._usable:
            raise TrainingError(f"No clip of the data has pictures; the stage '{stage}' learns from them.")

    def batch(self, step: int) -> Batch:
        """`pixels` [B, 3, h, w] in -1..1 and their `weight` [B, 1, h, w]."""
        rng = np.random.default_rng(derived_seed(self._seed, self._stage, "batch", step))
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


def picture_losses(made: Tensor, batch: Batch, settings: CutoutSettings) -> dict[str, Tensor]:
    """How far reconstructions are from the pictures: `colours`, `edges` and `hues`, see the module; scalars.

    Args:
        made: reconstructions [B, 3, h, w] in -1..1.
        batch: of `Cutouts.batch`.
        settings: the weights.
    """
    real, weight = batch["pixels"], batch["weight"]
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
    return {
        "colours": colours / _SCALES,
        "edges": settings.edges * edges / (2 * _SCALES),
        "hues": settings.hues * hues / (_SCALES - 1),
    }
