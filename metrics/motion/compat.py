"""FVMD as the package fvmd 1.0.0 reduces it, for comparison with published values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from metrics.base.estimate import Estimate
from metrics.base.metric import Statistics
from metrics.base.ranges import Range
from metrics.base.signature import reduction_field
from metrics.frechet.distance import Gaussian
from metrics.motion.fvmd import FrechetVideoMotionDistance, VideoMotionConfig
from metrics.motion.pips_tracker import Pips
from metrics.motion.tracker import Tracker


@dataclass(frozen=True)
class PackageConfig(VideoMotionConfig):
    """The package's convention; `epsilon` is added to the covariances' diagonals under the square root only."""

    tracker: Tracker = field(default_factory=Pips)
    epsilon: Annotated[float, Range(0, 1)] = reduction_field(1e-5)


CONVENTIONS = {"fvmd-compat": PackageConfig()}
"""Registry name to convention."""


class PackageFrechetVideoMotionDistance(FrechetVideoMotionDistance):
    """`fvmd-compat`: FVMD as the package computes it, which differs from its paper in two ways.

    Its "accelerations" are velocities from the third frame on, and an epsilon puts a set of clips at -0.0205 from
    itself:

    d^2 = |mu_1 - mu_2|^2 + tr S_1 + tr S_2 - 2 tr ((S_1 + eI) (S_2 + eI))^(1/2), e = 1e-5. It has no interval: take
    that of `fvmd`. The package also truncates or repeats sets of unequal size, which is not repeated here, and
    calls the two sets by each other's names, which does not change the number.
    """

    name, title = "fvmd-compat", "FVMD-COMPAT"
    compared: ClassVar[list[int]] = [0, 2]
    conventions: ClassVar[Mapping[str, VideoMotionConfig]] = CONVENTIONS

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        sets = (self._features(reference, "reference"), self._features(generated, "generated"))
        return self._distance(*(Gaussian.fitted(features, self.config.ddof) for features in sets))

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        windows = [sum(len(clip["features"]) for clip in clips) for clips in (reference, generated)]
        details = {"reference_vectors": windows[0], "generated_vectors": windows[1]}
        return Estimate(self.reduce(reference, generated), None, details, self._rank_notes(min(windows)))

    def compute(self) -> Tensor:
        return torch.tensor(self._distance(*self._seen()), dtype=torch.float64, device=self.device)

    def _distance(self, first: Gaussian, second: Gaussian) -> float:
        """Both covariances with eI added, and the 2 d e by which that moves the traces outside the root taken off."""
        added = self.config.epsilon * torch.eye(self.dimension, dtype=torch.float64, device=self.device)
        first, second = (Gaussian.given(g.mean, g.factor.T @ g.factor + added) for g in (first, second))
        return first.distance(second) - 2 * self.dimension * float(self.config.epsilon)
