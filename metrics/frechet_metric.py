"""Frechet distances of network features: what FID, FVD, FVMD and FAD have in common.

A subclass supplies its metadata, its `dimension` and `observe`; the statistics of a clip are its feature vectors,
`{"features": float32 [k, d]}`, or what its `vectors` makes them from; they merge, resample by clip and reduce in
float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metrics.clip_set import view
from metrics.frechet import Gaussian
from metrics.frechet_influence import distance_and_error
from metrics.intervals import FEWEST, around, extrapolated
from metrics.metric import DistributionMetric, Estimate, Statistics, Unmeasurable
from metrics.moments import Moments


class FrechetMetric(DistributionMetric):
    """A Frechet distance between the features of two sets of clips.

    As a `torchmetrics.Metric` its states are float64 sums, so memory does not grow and processes merge by addition.

    Attributes:
        dimension: length d of a feature vector.
        config: a frozen dataclass with a field `ddof`, see `metrics.frechet`.
    """

    dimension: int
    higher_is_better = False

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        """The Frechet distance between all feature vectors of the two sets of clips."""
        theirs, ours = self._features(reference, "reference"), self._features(generated, "generated")
        return Gaussian.fitted(theirs, self.config.ddof).distance(Gaussian.fitted(ours, self.config.ddof))

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        """The distance, its interval from influence functions, and its small-sample bias.

        `details` holds the numbers of feature vectors and, where the sets are large enough to be halved, the
        `bias_corrected` distance of sets without end, see `metrics.intervals.extrapolated`.
        """
        theirs, ours = self._features(reference, "reference"), self._features(generated, "generated")
        first, second = (Gaussian.fitted(features, self.config.ddof) for features in (theirs, ours))
        vectors = [sum(len(clip) for clip in clips) for clips in (theirs, ours)]
        details: dict[str, float] = {"reference_vectors": vectors[0], "generated_vectors": vectors[1]}
        notes = self._rank_notes(min(vectors))
        fewest = min(len(reference), len(generated))
        if fewest < FEWEST or first.equals(second):
            return Estimate(first.distance(second), None, details, notes)
        value, error = distance_and_error(first, second, theirs, ours)
        low, high = around(value, error)
        if fewest >= 2 * FEWEST:
            details["bias_corrected"] = extrapolated(self.reduce, reference, generated, value)
        return Estimate(value, (max(low, 0.0), high), details, notes)

    def vectors(self, statistics: Statistics) -> Tensor:
        """The feature vectors [k, d] of a clip, on the metric's device."""
        return torch.as_tensor(statistics["features"], device=self.device)

    def compute(self) -> Tensor:
        """The distance between all reference and all generated vectors seen so far, float64."""
        first, second = self._seen()
        return torch.tensor(first.distance(second), dtype=torch.float64, device=self.device)

    def _seen(self) -> list[Gaussian]:
        """The Gaussians of the reference and of the generated vectors seen so far."""
        fitted = []
        for name in ("reference", "generated"):
            n, total, products = (getattr(self, f"{name}_{state}") for state in ("count", "sum", "products"))
            self._require_vectors(int(n), name)
            moments = Moments.of_sums(int(n), total, products)
            fitted.append(Gaussian.given(moments.mean, moments.covariance(self.config.ddof)))
        return fitted

    def _declare_states(self) -> None:
        d = self.dimension
        for name in ("reference", "generated"):
            self.add_state(f"{name}_count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
            self.add_state(f"{name}_sum", torch.zeros(d, dtype=torch.float64), dist_reduce_fx="sum")
            self.add_state(f"{name}_products", torch.zeros(d, d, dtype=torch.float64), dist_reduce_fx="sum")

    def _absorb(self, statistics: Statistics, real: bool) -> None:
        name = "reference" if real else "generated"
        features = self.vectors(statistics).double()
        for state, addend in (("count", len(features)), ("sum", features.sum(0)), ("products", features.T @ features)):
            setattr(self, f"{name}_{state}", getattr(self, f"{name}_{state}") + addend)

    def _features(self, clips: Sequence[Statistics], name: str) -> Sequence[Tensor]:
        features = view(clips, self.vectors)
        self._require_vectors(sum(len(clip) for clip in features), name)
        return features

    def _require_vectors(self, n: int, name: str) -> None:
        if n < 2:
            raise Unmeasurable(f"{self.title} needs two {name} feature vectors at the least, got {n}")

    def _rank_notes(self, n: int) -> tuple[str, ...]:
        if n > self.dimension:
            return ()
        return (f"{n} feature vectors in {self.dimension} dimensions: small-sample bias is a large part of the score",)
