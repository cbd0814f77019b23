"""KID, precision, recall, density and coverage, of the features that a Frechet distance keeps of each clip anyway.

They share its cache: where FID is measured, `kid` costs no further pass over the clips. The option `features` names the
metric whose features are looked at, so that `kid:features=fvd` is the kernel distance of I3D features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.audio.fad import FrechetAudioDistance
from metrics.base.clip_set import view
from metrics.base.estimate import Estimate
from metrics.base.intervals import FEWEST, SEED, SET_RESAMPLES, around
from metrics.base.metric import ClipObserver, DistributionMetric, Modality, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.frechet.metric import FrechetMetric
from metrics.sets.kernel import discrepancy
from metrics.sets.neighbours import Neighbourhoods, Overlap
from metrics.video.fid import FrechetInceptionDistance
from metrics.video.fvd import FrechetVideoDistance

Features = Literal["fid", "fid-clean", "fvd", "fad", "fad-ge2e", "fad-speech", "fad-mn04"]
_METRICS: dict[str, type[FrechetMetric]] = {
    "fid": FrechetInceptionDistance, "fid-clean": FrechetInceptionDistance, "fvd": FrechetVideoDistance,
    **dict.fromkeys(("fad", "fad-ge2e", "fad-speech", "fad-mn04"), FrechetAudioDistance),
}  # fmt: skip


@dataclass(frozen=True)
class KernelDistanceConfig(Configuration):
    """What a KID depends on beside the clips.

    Attributes:
        features: the metric whose feature vectors are compared.
        per_clip: vectors of a clip that count at the most, evenly spread: frames of a clip resemble each other, and the
            work grows with the square of their number.
    """

    features: Features = "fid"
    per_clip: Annotated[int, Range(1, 10000)] = reduction_field(25)


@dataclass(frozen=True)
class OverlapConfig(Configuration):
    """What an overlap of two sets depends on beside the clips.

    Attributes:
        features: the metric whose feature vectors are compared; a clip counts as their mean.
        nearest: the neighbourhood of a clip reaches to its so-many-th nearest neighbour.
    """

    features: Features = "fid"
    nearest: Annotated[int, Range(1, 1000)] = reduction_field(5)


class FeatureSetMetric(DistributionMetric):
    """A comparison of two sets of clips by the features that another metric keeps of them.

    Attributes:
        featured: the other metric.

    Args:
        name: one of `conventions`, or a name for the configuration given.
        config: None takes the one called `name`; its `features` name the other metric.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use, if the features' network cannot be had.
    """

    minimum_clips = 50
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    takes_images: ClassVar[bool] = True

    def __init__(self, name: str | None = None, config: Any = None, **options: Any) -> None:
        super().__init__(name, config, **options)
        self.featured = _METRICS[self.config.features](self.config.features)
        self.modalities = self.featured.modalities  # type: ignore[misc]  # they follow from the features
        self.takes_images = self.featured.takes_images  # type: ignore[misc]

    @property
    def weights(self) -> tuple[str, ...]:
        return self.featured.weights

    @property
    def native_audio(self) -> bool:
        return self.featured.native_audio

    @property
    def remark(self) -> str:
        return self.featured.remark

    @property
    def statistics_id(self) -> str:
        """That of the metric whose features these are: the two share the cache."""
        return self.featured.statistics_id

    @property
    def signature(self) -> str:
        """Its own fields, and all of how the features are made."""
        own, _, version = super().signature.partition("|weights:")
        inner = self.featured.signature.partition("|")[2]
        return f"{own}|{inner}" if version else f"{own.rpartition('|version:')[0]}|{inner}"

    def observe(self) -> ClipObserver:
        return self.featured.observe()

    def _vectors(self, clips: Sequence[Statistics], most: int) -> list[torch.Tensor]:
        """Of each clip at most so many vectors [k, d], evenly spread."""
        found = []
        for vectors in view(clips, self.featured.vectors):
            chosen = np.unique(np.linspace(0, len(vectors) - 1, min(most, len(vectors))).round().astype(int))
            found.append(vectors[torch.as_tensor(chosen, device=vectors.device)])
        return found


class KernelInceptionDistance(FeatureSetMetric):
    """KID: squared maximum mean discrepancy with a polynomial kernel, unbiased, so that it may be below 0.

    Lower is better. Intervals are over clips. See `metrics.sets.kernel`.
    """

    name, title = "kid", "KID"
    higher_is_better = False
    conventions: ClassVar[Mapping[str, Any]] = {"kid": KernelDistanceConfig()}

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        return self.estimate(reference, generated).value

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        sides = [self._vectors(clips, self.config.per_clip) for clips in (reference, generated)]
        counts = [sum(map(len, side)) for side in sides]
        if min(counts) < 2:
            raise Unmeasurable(f"KID needs two feature vectors on each side at the least, got {min(counts)}")
        found = discrepancy(*sides)
        details: dict[str, float] = {"reference_vectors": counts[0], "generated_vectors": counts[1]}
        if min(len(reference), len(generated)) < FEWEST:
            return Estimate(found.value, None, details)
        interval = around(found.value, found.standard_error)
        return Estimate(found.value, interval, details, influences=(found.first, found.second))


class SetOverlap(FeatureSetMetric):
    """Precision, recall, density or coverage of generated clips among real ones; higher is better.

    Precision: the share of generated clips that lie near a real one. Recall: the share of real clips that lie near a
    generated one. Density: near how many real clips a generated one lies, against how many are expected. Coverage: the
    share of real clips that have a generated one near them. See `metrics.sets.neighbours`.
    """

    name, title = "precision", "PRECISION"
    higher_is_better = True
    conventions: ClassVar[Mapping[str, Any]] = dict.fromkeys(
        ("precision", "recall", "density", "coverage"), OverlapConfig()
    )

    @property
    def what(self) -> Overlap:
        """Which of the four: that of its own name; under another name precision."""
        found: Overlap = self.name if self.name in self.conventions else "precision"  # type: ignore[assignment]
        return found

    @property
    def limits(self) -> tuple[float, float]:  # type: ignore[override]  # density alone has no upper limit
        return (0.0, math.inf if self.what == "density" else 1.0)

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        around_each = self._neighbourhoods(reference, generated)
        return around_each.share(self.what, np.ones(len(reference)), np.ones(len(generated)))

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        """The share, with an interval from clips drawn again, the neighbourhoods staying as they are."""
        n, m = len(reference), len(generated)
        near = self._neighbourhoods(reference, generated)
        value = near.share(self.what, np.ones(n), np.ones(m))
        generator = np.random.default_rng(SEED)
        drawn = [
            near.share(self.what, _drawn(n, generator), _drawn(m, generator)) for _ in range(SET_RESAMPLES)
        ]  # fmt: skip
        each = near.by_vector(self.what, np.ones(n), np.ones(m))
        own = (each - value) / len(each)
        sides = (np.zeros(n), own) if self.what in ("precision", "density") else (own, np.zeros(m))
        interval = around(value, float(np.std(drawn, ddof=1)))
        return Estimate(value, interval, influences=sides)

    def _neighbourhoods(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Neighbourhoods:
        means = [
            np.array([self.featured.vectors(clip).double().mean(dim=0).cpu().numpy() for clip in clips])
            for clips in (reference, generated)
        ]
        if (fewest := min(map(len, means))) <= (k := self.config.nearest):
            raise Unmeasurable(f"{self.name} with {k} neighbours needs {k + 1} clips on each side, got {fewest}")
        return Neighbourhoods.of(means[0], means[1], k)


def _drawn(clips: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each clip is drawn when as many are drawn with replacement."""
    return np.bincount(generator.integers(clips, size=clips), minlength=clips).astype(np.float64)
