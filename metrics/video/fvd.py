"""Frechet Video Distance (Unterthiner et al. 2018, arXiv 1812.01717) between windows of frames of two sets of clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.base.metric import ClipObserver, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.batching import Blocks
from metrics.frechet.metric import FrechetMetric
from metrics.video.i3d import BLOCK, FEWEST_FRAMES, SIDE, WEIGHTS, i3d
from metrics.video.region import REGION_WEIGHTS, Region, in_region
from metrics.video.resize import bilinear, short_side, tf1

Fit = Literal["tf1", "bilinear", "crop", "crop-256"]


@dataclass(frozen=True)
class FVDConfig(Configuration):
    """What an FVD depends on beside the clips.

    Attributes:
        fit: how frames reach 224x224, see `FITS`.
        frames: frames in a window; the network needs 9.
        step: from the start of one window to that of the next; equal to `frames` they neither overlap nor leave gaps.
        windows: "all" of a clip, or its "first" only.
        ddof: of the covariances.
        region: the full "frame", or the square around the "face", see `metrics.video.region`.
    """

    fit: Fit = "tf1"
    frames: Annotated[int, Range(FEWEST_FRAMES, 1024)] = 16
    step: Annotated[int, Range(1, 1024)] = 16
    windows: Literal["all", "first"] = "all"
    ddof: Annotated[int, Range(0, 1)] = reduction_field(1)
    region: Region = "frame"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step > self.frames:
            raise ValueError(f"step must be at most the {self.frames} frames of a window, got {self.step}.")


def _crop_256(frames: Tensor) -> Tensor:
    # cd-fvd crops in 0..1, where rounding leaves many a grey level just below itself, and then cuts to bytes.
    cropped = short_side(frames / 255, 256, antialias=True) * 255
    return bilinear(cropped.trunc(), SIDE)


FITS: dict[Fit, Callable[[Tensor], Tensor]] = {
    "tf1": lambda frames: tf1(frames, SIDE),
    "bilinear": lambda frames: bilinear(frames, SIDE),
    "crop": lambda frames: short_side(frames, SIDE, antialias=False),
    "crop-256": _crop_256,
}
"""float32 [N, 3, H, W] in 0..255 to 224x224: stretched as TensorFlow 1 or as PyTorch does it; the centre square without
antialiasing; or the centre square at 256 pixels with antialiasing, cut to whole grey levels and then stretched."""

CONVENTIONS = {
    "fvd": FVDConfig(),
    "fvd-stylegan-v": FVDConfig(fit="bilinear", windows="first", ddof=0),
    "fvd-tats": FVDConfig(fit="bilinear", windows="first"),
    "fvd-cd": FVDConfig(fit="crop-256", windows="first", ddof=0),
    "fvd-common-metrics": FVDConfig(fit="crop", windows="first"),
}
"""Registry names: `fvd` preprocesses as the original (google-research/frechet_video_distance) and takes every window;
the others follow universome/stylegan-v, songweige/TATS (also universome/fvd-comparison), songweige/content-debiased-fvd
and JunyaoHu/common_metrics_on_video_quality. Where these draw one window of a clip at random, ours is the first."""


class FrechetVideoDistance(FrechetMetric):
    """Frechet distance between I3D logits of windows of frames of the generated and of the reference clips.

    Lower is better, 0 is least. A clip shorter than one window is unmeasurable, and frames after the last whole window
    are not seen. As a `torchmetrics.Metric`, `update` takes uint8 clips [N, T, 3, H, W].

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use, if the network's weights cannot be had.

    Example:
        >>> import torch
        >>> from metrics import FrechetVideoDistance
        >>> fvd = FrechetVideoDistance()
        >>> generator = torch.Generator().manual_seed(0)
        >>> clips = torch.randint(0, 255, (2, 16, 3, 64, 64), dtype=torch.uint8, generator=generator)
        >>> fvd.update(clips, real=True)
        >>> fvd.update(clips, real=False)
        >>> fvd.compute()
        tensor(0., dtype=torch.float64)
    """

    name, title = "fvd", "FVD"
    modalities: ClassVar = frozenset({"video"})
    minimum_clips = 50
    dimension = 400
    statistics_kind = "i3d"
    conventions = CONVENTIONS

    @property
    def weights(self) -> tuple[str, ...]:
        return (WEIGHTS, *REGION_WEIGHTS[self.config.region])

    def observe(self) -> ClipObserver:
        blocks = Blocks(i3d(str(self.device)), BLOCK)
        return in_region(WindowObserver(self.config, blocks, self.device), self.config.region)


class WindowObserver(ClipObserver):
    """I3D logits of the windows of a clip; holds the frames of one window at a time."""

    def __init__(self, config: FVDConfig, blocks: Blocks, device: torch.device) -> None:
        self._config = config
        self._blocks = blocks
        self._device = device
        self._seen = 0
        self._window: list[Tensor] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        # A few frames at a time: at 224x224 in float32 a chunk of the caller's could take many times its own room.
        for start in range(0, len(frames), self._config.frames):
            self._take(frames[start : start + self._config.frames])

    def _take(self, frames: NDArray[np.uint8]) -> None:
        self._seen += len(frames)
        if self._blocks.items and self._config.windows == "first":
            return
        pixels = torch.from_numpy(frames.copy()).to(self._device).permute(0, 3, 1, 2).float()
        self._window += list(FITS[self._config.fit](pixels) * (2 / 255) - 1)
        while len(self._window) >= self._config.frames:
            window = torch.stack(self._window[: self._config.frames], dim=1)
            self._blocks.add(window[None])
            self._window = self._window[self._config.step :]
            if self._config.windows == "first":
                return

    def finish(self) -> Callable[[], Statistics]:
        def features() -> Statistics:
            if not self._blocks.items:
                raise Unmeasurable(f"{self._seen} frames are fewer than the {self._config.frames} of one FVD window")
            return {"features": self._blocks.results()}

        return features
