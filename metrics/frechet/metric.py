"""Frechet distances of network features: what FID, FVD, FVMD and FAD have in common.

A subclass supplies its metadata, its `dimension` and `observe`; the statistics of a clip are its feature vectors,
`{"features": float32 [k, d]}`, or what its `vectors` makes them from; they merge, resample by clip and reduce in
float64.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from metrics.base.clip_set import ClipSet, view
from metrics.base.estimate import Estimate
from metrics.base.intervals import FEWEST, around, extrapolated
from metrics.base.metric import DistributionMetric, Statistics, Unmeasurable
from metrics.base.score import Score
from metrics.frechet.distance import Gaussian
from metrics.frechet.influence import influence
from metrics.frechet.moments import Moments


class FrechetMetric(DistributionMetric):
    """A Frechet distance between the features of two sets of clips.

    As a `torchmetrics.Metric` it keeps the moments of each set in float64, so memory does not grow, and merges those of
    several processes; plain sums would cancel where the mean is large beside the spread.

    Attributes:
        config: a frozen dataclass with a field `ddof`, see `metrics.frechet.distance`.
    """

    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length d of a feature vector."""

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        """The Frechet distance between all feature vectors of the two sets of clips."""
        features = self._features(reference, "reference"), self._features(generated, "generated")
        first, second = (Gaussian.fitted(clips, self.config.ddof) for clips in features)
        return first.distance(second)

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        """The distance, its interval from influence functions, and its small-sample bias.

        `details` holds the numbers of feature vectors and, where the sets are large enough to be halved, the
        `bias_corrected` distance of infinite sample size, see `metrics.base.intervals.extrapolated`.
        """
        features = self._features(reference, "reference"), self._features(generated, "generated")
        first, second = (Gaussian.fitted(clips, self.config.ddof) for clips in features)
        details: dict[str, float] = {"reference_vectors": first.n, "generated_vectors": second.n}
        notes = self._rank_notes(min(first.n, second.n))
        fewest = min(len(reference), len(generated))
        if first.equals(second):
            return Estimate(0.0, None, details, (*notes, "no interval: both sets hold the same vectors"))
        if fewest < FEWEST:
            return Estimate(first.distance(second), None, details, notes)
        found = influence(first, second, *features)
        value = found.distance
        if fewest >= 2 * FEWEST:
            details["bias_corrected"] = extrapolated(self.reduce, reference, generated, value)
        return Estimate(value, around(value, found.standard_error), details, notes, (found.first, found.second))

    def moments(self, clips: Mapping[str, Statistics]) -> Moments:
        """Mean and scatter of all feature vectors of some clips: what is kept of a set that others are compared with.

        Raises:
            Unmeasurable: the clips hold fewer than two vectors.
        """
        return Moments.of_chunks(self._features(ClipSet.of(clips), "reference"))

    def score_against(
        self,
        reference: Gaussian,
        generated: Mapping[str, Statistics],
        failed: Mapping[str, str] | None = None,
        no_interval: str | None = None,
    ) -> Score:
        """The distance of the clips from a set of which only the Gaussian is known.

        The interval is over the generated clips; the reference is taken as fixed.

        Args:
            reference: of `dimension` dimensions.
            no_interval: why none is told, where none is wanted.
        """
        clips = ClipSet.of(generated)
        try:
            features = self._features(clips, "generated")
        except Unmeasurable as reason:
            return self.missing(str(reason), failed)
        fitted = Gaussian.fitted(features, self.config.ddof)
        vectors = fitted.n
        interval = None
        notes = self._rank_notes(vectors)
        if no_interval is not None:
            value = reference.distance(fitted)
            notes += (f"no interval: {no_interval}",)
        elif len(clips) < FEWEST:
            value = reference.distance(fitted)
            notes += (f"no interval: n = {len(clips)}, at least {FEWEST} clips are needed",)
        else:
            found = influence(reference, fitted, (), features)
            value, interval = found.distance, around(found.distance, found.standard_error)
            notes += ("the interval is over the generated clips; the reference statistics are fixed",)
        few = f"n = {len(clips)} is below the sensible minimum of {self.minimum_clips} clips"
        return self._score(
            value,
            n=len(clips),
            failed=failed,
            interval=interval,
            notes=((few,) if len(clips) < self.minimum_clips else ()) + notes,
            details={"generated_vectors": vectors},
        )

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
            moments = _unpacked(getattr(self, name))
            self._require_vectors(moments.n, name)
            fitted.append(Gaussian.given(moments.mean, moments.covariance(self.config.ddof)))
        return fitted

    def _declare_states(self) -> None:
        for name in ("reference", "generated"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx=_merged)
            # One zero stands for all of them: the whole state, which add_state would keep twice, is 64 MiB of an FID
            # that may never be asked for anything but its name. It is replaced, never written into.
            nothing = self._defaults[name].expand(self.dimension + 1, self.dimension + 1)
            self._defaults[name] = nothing
            setattr(self, name, nothing)

    def _absorb(self, statistics: Statistics, real: bool) -> None:
        name = "reference" if real else "generated"
        setattr(self, name, _packed(Moments.of(self.vectors(statistics)) + _unpacked(getattr(self, name))))

    def _features(self, clips: Sequence[Statistics], name: str) -> Sequence[Tensor]:
        """The vectors of each clip; of the clips only as many are looked at as show that there are two vectors."""
        features = view(clips, self.vectors)
        n = 0
        for clip in features:
            n += len(clip)
            if n >= 2:
                break
        self._require_vectors(n, name)
        return features

    def _require_vectors(self, n: int, name: str) -> None:
        if n < 2:
            raise Unmeasurable(f"{self.title} needs two {name} feature vectors at the least, got {n}")

    def _rank_notes(self, n: int) -> tuple[str, ...]:
        if n > self.dimension:
            return ()
        return (f"{n} feature vectors in {self.dimension} dimensions: small-sample bias is a large part of the score",)


def _packed(moments: Moments) -> Tensor:
    """Moments as one state, float64 [d + 1, d + 1]: the count and the mean in the first row, the scatter below."""
    first = torch.cat([moments.mean.new_tensor([moments.n]), moments.mean])
    return torch.cat([first[None], torch.nn.functional.pad(moments.scatter, (1, 0))])


def _unpacked(state: Tensor) -> Moments:
    return Moments(int(state[0, 0]), state[0, 1:], state[1:, 1:])


def _merged(states: Tensor) -> Tensor:
    """One state [d + 1, d + 1] of those of several processes."""
    merged = _unpacked(states[0])
    for state in states[1:]:
        merged = merged + _unpacked(state)
    return _packed(merged)
