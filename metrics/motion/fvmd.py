"""Frechet video motion distance (FVMD): how the motion in two sets of clips differs.

Liu, Qu, Yan, Zeng, Wang and Liao, "Frechet video motion distance: a metric for evaluating motion consistency in
videos", 2024 (arXiv 2407.16124); package fvmd 1.0.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.base.metric import ClipObserver, Modality, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.frechet.metric import FrechetMetric
from metrics.motion.grid import WINDOW, square
from metrics.motion.histograms import BINS, motion_histograms
from metrics.motion.lucas_kanade import LucasKanade
from metrics.motion.pips_tracker import Pips
from metrics.motion.tracker import Tracker, WindowTracker


@dataclass(frozen=True)
class VideoMotionConfig(Configuration):
    """One convention.

    Attributes:
        tracker: what follows the points.
        ddof: 1 divides covariances by n - 1.
    """

    tracker: Tracker
    ddof: Annotated[int, Range(0, 1)] = reduction_field(1)


CONVENTIONS = {"fvmd": VideoMotionConfig(Pips()), "fvmd-lk": VideoMotionConfig(LucasKanade())}
"""Registry name to convention.

`fvmd` tracks with PIPs++, as published. `fvmd-lk` tracks by Lucas-Kanade and needs no weights; its numbers compare
among themselves only.
"""


class FrechetVideoMotionDistance(FrechetMetric):
    """Frechet distance between the motion histograms of two sets of clips, at least 0, lower is better.

    Frames are stretched to 256 x 256. In every window of 16 frames (one begins at each frame) a grid of 20 x 20 points
    is tracked; the histograms of velocities and of accelerations, see `metrics.motion.histograms`, make a vector of
    1024. The distance is full rank from 1025 windows on. A clip of fewer than 16 frames is unmeasurable. The network of
    `fvmd` runs on the metric's device.

    Example:
        >>> import torch
        >>> metric = FrechetVideoMotionDistance("fvmd-lk")
        >>> generator = torch.Generator().manual_seed(0)
        >>> videos = torch.randint(0, 256, (1, 18, 3, 64, 64), dtype=torch.uint8, generator=generator)
        >>> metric.update(videos, real=True)
        >>> metric.update(videos, real=False)
        >>> metric.compute()
        tensor(0., dtype=torch.float64)

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsMissing: (when the first clip comes) the weights are not here; the message says where to get them.
    """

    name, title = "fvmd", "FVMD"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    minimum_clips = 50
    statistics_kind = "motion"
    dimension = 2 * BINS
    compared: ClassVar[list[int]] = [0, 1]
    """Which of the three histograms make the vector."""

    conventions: ClassVar[Mapping[str, VideoMotionConfig]] = CONVENTIONS

    @property
    def weights(self) -> tuple[str, ...]:
        return tuple(self.config.tracker.weights)

    def vectors(self, statistics: Statistics) -> Tensor:
        return super().vectors(statistics)[:, self.compared].flatten(1)

    def observe(self) -> ClipObserver:
        return _MotionObserver(self.config.tracker.start(torch.device(self.device)))


class _MotionObserver(ClipObserver):
    def __init__(self, tracker: WindowTracker) -> None:
        self._tracker = tracker
        self._frames = 0
        self._windows: list[NDArray[np.float16]] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for frame in frames:
            tracks = self._tracker.track(square(frame))
            if tracks is not None:
                self._windows.append(motion_histograms(tracks))
        self._frames += len(frames)

    def finish(self) -> Callable[[], Statistics]:
        return self._statistics

    def _statistics(self) -> Statistics:
        if not self._windows:
            raise Unmeasurable(f"the clip has {self._frames} frames, fewer than the {WINDOW} of one window")
        return {"features": np.stack(self._windows)}
