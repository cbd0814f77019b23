"""How near generated frames come to the frames of the reference, one by one: PSNR, SSIM and LPIPS.

They mean something where a clip reconstructs its reference, that is where both are aligned in time: the same speech
moved the mouth. Speech of a generator's own is not aligned, see `ClipMetric.aligned`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.base.signature import statistics_id as statistics_id_of
from metrics.video.lpips import WEIGHTS, lpips

Frames = NDArray[np.uint8]

EQUAL = 100.0
"""dB, of frames that do not differ at all."""
_BLOCK = 8
_WINDOW = cv2.getGaussianKernel(11, 1.5, cv2.CV_64F)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Of SSIM."""


@dataclass(frozen=True)
class ReconstructionConfig(Configuration):
    """One convention.

    Attributes:
        measure: of two frames: "psnr", "ssim" or "lpips".
        side: pixels to which height and width are brought, by averaging areas, so that two sizes compare.
        stride: every how many frames one is compared, from the first on.
    """

    measure: Literal["psnr", "ssim", "lpips"] = reduction_field("psnr")
    side: Annotated[int, Range(32, 1024)] = 256
    stride: Annotated[int, Range(1, 1000)] = 5


class FrameKeeper(ClipObserver):
    """Every `stride`-th frame, small and packed without loss, for the comparison with another clip's."""

    def __init__(self, config: ReconstructionConfig) -> None:
        self._config = config
        self._packed: list[NDArray[np.uint8]] = []
        self._seen = 0

    def frames(self, frames: Frames) -> None:
        side = self._config.side
        for frame in frames[-self._seen % self._config.stride :: self._config.stride]:
            shrinks = min(frame.shape[:2]) >= side
            small = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
            self._packed.append(cv2.imencode(".png", small, (cv2.IMWRITE_PNG_COMPRESSION, 1))[1].reshape(-1))
        self._seen += len(frames)

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._packed:
            raise Unmeasurable("the clip has no frames")
        ends = np.cumsum([len(one) for one in self._packed])
        return {"packed": np.concatenate(self._packed), "ends": ends, "frames": np.array(self._seen)}


class Reconstruction(PairedMetric):
    """The mean over frames of PSNR in dB (higher is better), SSIM (to 1, higher) or LPIPS (from 0, lower).

    PSNR of all three channels; equal frames count as 100 dB. SSIM is torchmetrics' (Wang et al. 2004: Gaussian window
    of 1.5 pixels, levels 0..255). LPIPS on AlexNet, see `metrics.video.lpips`. Of clips of unequal length the frames
    that both have are compared.

    Per clip: every fifth frame, 256x256, about 0.5 MB a second.

    Args:
        name: one of `Reconstruction.conventions`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use of LPIPS, if its weights cannot be had.
    """

    name, title = "psnr", "PSNR"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    statistics_kind = "small-frames"
    takes_images = True
    conventions: ClassVar[Mapping[str, Any]] = {
        "psnr": ReconstructionConfig(),
        "ssim": ReconstructionConfig("ssim"),
        "lpips": ReconstructionConfig("lpips"),
    }

    @property
    def aligned(self) -> bool:
        return True

    @property
    def higher_is_better(self) -> bool:
        return bool(self.config.measure != "lpips")

    @property
    def unit(self) -> str:  # type: ignore[override]
        return "dB" if self.config.measure == "psnr" else ""

    @property
    def limits(self) -> tuple[float, float]:  # type: ignore[override]
        return {"psnr": (0.0, EQUAL), "ssim": (-1.0, 1.0), "lpips": (0.0, math.inf)}[self.config.measure]

    @property
    def weights(self) -> tuple[str, ...]:
        return (WEIGHTS,) if self.config.measure == "lpips" else ()

    @property
    def statistics_id(self) -> str:
        """Without the weights of LPIPS: the kept frames of a clip are the same for all three."""
        return statistics_id_of(self.statistics_kind, self.config, {}, __name__)

    def observe(self) -> FrameKeeper:
        return FrameKeeper(self.config)

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The mean over the frames that both clips have under "value"."""
        values: list[float] = []
        sides = _unpacked(reference), _unpacked(generated)
        for wanted, made in zip(*(_blocks(side) for side in sides), strict=False):
            count = min(len(wanted), len(made))
            values += self._compared(wanted[:count], made[:count])
        return {"value": np.array(np.mean(values))}

    def _compared(self, wanted: Frames, made: Frames) -> list[float]:
        if self.config.measure == "psnr":
            errors = np.square(wanted.astype(np.float64) - made).mean(axis=(1, 2, 3))
            return [min(EQUAL, 10 * math.log10(255**2 / error)) if error else EQUAL for error in errors]
        if self.config.measure == "ssim":
            return [structural_similarity(*pair) for pair in zip(wanted, made, strict=True)]
        first, second = (_tensor(side).to(self.device) / 127.5 - 1 for side in (wanted, made))
        with torch.inference_mode():
            return [float(value) for value in lpips(str(self.device))(first, second).cpu()]


def structural_similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """SSIM of two pictures, uint8 [H, W, 3], -1 to 1: the mean over channels and pixels, mirrored beyond the edges.

    A separable window and float64, where torchmetrics takes forty times as long for the same number.
    """
    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y, xx, yy, xy = (_windowed(image) for image in (x, y, x * x, y * y, x * y))
    spread = np.maximum(xx - mean_x**2, 0) + np.maximum(yy - mean_y**2, 0)
    likeness = (2 * mean_x * mean_y + _C1) * (2 * (xy - mean_x * mean_y) + _C2)
    return float(np.mean(likeness / ((mean_x**2 + mean_y**2 + _C1) * (spread + _C2))))


def _windowed(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, _WINDOW, _WINDOW, borderType=cv2.BORDER_REFLECT_101))


def _tensor(frames: Frames) -> Tensor:
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float()


def _unpacked(clip: Statistics) -> Iterator[Frames]:
    for one in np.split(clip["packed"], clip["ends"][:-1]):
        yield np.asarray(cv2.imdecode(one, cv2.IMREAD_UNCHANGED), np.uint8)


def _blocks(frames: Iterator[Frames]) -> Iterator[Frames]:
    """A few frames at a time, so that memory does not grow with the clip."""
    block: list[Frames] = []
    for frame in frames:
        block.append(frame)
        if len(block) == _BLOCK:
            yield np.stack(block)
            block = []
    if block:
        yield np.stack(block)
