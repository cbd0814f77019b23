"""Frechet Inception Distance (Heusel et al. 2017, arXiv 1706.08500) between the frames of two sets of clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.batching import Blocks
from metrics.frechet.metric import FrechetMetric
from metrics.video.inception import SIDE, WEIGHTS, Width, block_on, inception
from metrics.video.region import REGION_WEIGHTS, Region, in_region
from metrics.video.resize import RESIZES, Resize


@dataclass(frozen=True)
class FIDConfig(Configuration):
    """What an FID depends on beside the clips.

    Attributes:
        resize: how frames reach 299x299, see `metrics.video.resize`; a key of `CONVENTIONS` says whose way that is.
        width: which features, see `metrics.video.inception`.
        stride: every how many frames one is taken, from the first on.
        offset: subtracted from 0..255 before the division that gives -1..1: 128, or 127.5 in pytorch-fid.
        ddof: of the covariances.
        region: the full "frame", or the square around the "face", see `metrics.video.region`.
    """

    resize: Resize = "tf1"
    width: Width = 2048
    stride: Annotated[int, Range(1)] = 1
    offset: Annotated[float, Range(1, 255)] = 128.0
    ddof: Annotated[int, Range(0, 1)] = reduction_field(1)
    region: Region = "frame"


CONVENTIONS = {
    "fid": FIDConfig(),
    "fid-pytorch": FIDConfig(resize="bilinear", offset=127.5),
    "fid-clean": FIDConfig(resize="pil-bicubic"),
    "fid-torchmetrics": FIDConfig(resize="antialias"),
}
"""Registry names: `fid` is torch-fidelity's and the original TensorFlow code's way, the others those of the packages
pytorch-fid, clean-fid (mode "clean") and torchmetrics (antialias=True; its antialias=False is `fid`)."""


class FrechetInceptionDistance(FrechetMetric):
    """Frechet distance between Inception features of all frames of the generated and of the reference clips.

    Lower is better, 0 is least. Samples are frames, but intervals resample clips, since frames of a clip resemble each
    other. As a `torchmetrics.Metric`, `update` takes uint8 images [N, 3, H, W] or clips [N, T, 3, H, W].

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use, if the network's weights cannot be had.

    Example:
        >>> import torch
        >>> from metrics import FrechetInceptionDistance
        >>> from metrics.video.fid import FIDConfig
        >>> fid = FrechetInceptionDistance("fid-64", FIDConfig(width=64))
        >>> generator = torch.Generator().manual_seed(0)
        >>> images = torch.randint(0, 255, (4, 3, 96, 96), dtype=torch.uint8, generator=generator)
        >>> fid.update(images, real=True)
        >>> fid.update(images, real=False)
        >>> fid.compute()
        tensor(0., dtype=torch.float64)
    """

    name, title = "fid", "FID"
    modalities: ClassVar = frozenset({"video"})
    minimum_clips = 50
    statistics_kind = "inception"
    conventions = CONVENTIONS
    takes_images = True

    @property
    def weights(self) -> tuple[str, ...]:
        return (WEIGHTS, *REGION_WEIGHTS[self.config.region])

    @property
    def dimension(self) -> int:
        return int(self.config.width)

    def observe(self) -> ClipObserver:
        blocks = Blocks(inception(self.config.width, str(self.device)), block_on(self.device))
        return in_region(FrameObserver(self.config, blocks, self.device), self.config.region)


class FrameObserver(ClipObserver):
    """Inception features of every `stride`-th frame of a clip."""

    def __init__(self, config: FIDConfig, blocks: Blocks, device: torch.device) -> None:
        self._config = config
        self._blocks = blocks
        self._device = device
        self._seen = 0

    def frames(self, frames: NDArray[np.uint8]) -> None:
        taken = frames[-self._seen % self._config.stride :: self._config.stride]
        self._seen += len(frames)
        # A few frames at a time: in float32 a chunk of the caller's could take many times its own room.
        size = block_on(self._device)
        for start in range(0, len(taken), size):
            pixels = torch.from_numpy(taken[start : start + size].copy()).to(self._device).permute(0, 3, 1, 2).float()
            resized = RESIZES[self._config.resize](pixels, SIDE)
            self._blocks.add((resized - self._config.offset) / self._config.offset)

    def finish(self) -> Callable[[], Statistics]:
        def features() -> Statistics:
            if not self._blocks.items:
                raise Unmeasurable("the clip has no frames")
            return {"features": self._blocks.results()}

        return features
