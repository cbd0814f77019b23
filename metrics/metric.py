"""What a metric is: per-clip statistics first, then a reduction of many clips to one score.

From that alone the harness caches per clip, merges shards, resumes and resamples for intervals, for any metric,
also one that a stranger wrote. The same object is a `torchmetrics.Metric` for use in a training loop.

Two kinds:

* `DistributionMetric` compares the set of generated clips with the set of reference clips (FID, FVD, FVMD, FAD).
* `PairedMetric` compares each generated clip with its own reference (MCD, STOI).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torchmetrics import Metric

from metrics.score import Direction, Score

Statistics = Mapping[str, NDArray[Any]]
"""Named arrays that say all a metric needs to know of one clip (or one pair); stored without pickle."""

Modality = Literal["video", "audio"]


class Unmeasurable(ValueError):
    """This clip (or pair) cannot be measured; the message is the reason that the score will carry."""


class ClipObserver(ABC):
    """One metric's view of one clip while it is decoded, once, for all metrics.

    The harness calls `frames` with consecutive chunks and `waveform` once, in any order of the two, then `finish`.
    An observer overrides what it needs and must keep memory bounded as the clip grows.
    """

    def frames(self, frames: NDArray[np.uint8]) -> None:  # noqa: B027 - optional hook
        """Consecutive frames, uint8 [t, H, W, 3], RGB, at the protocol's frame rate; reused by the caller afterwards."""

    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:  # noqa: B027 - optional hook
        """The whole mono soundtrack, float32 [S] in -1..1, at the protocol's sample rate in Hz."""

    @abstractmethod
    def finish(self) -> Callable[[], Statistics]:
        """A function that returns the clip's statistics or raises `Unmeasurable`.

        It is deferred so that networks can batch across clip boundaries: calling it forces what is still pending.
        """


class ClipMetric(Metric, ABC):
    """Metadata and the per-clip half that both kinds share.

    Attributes:
        name: registry name, for example "fid" or "fad-ge2e"; one name is one convention.
        title: column heading, for example "FID".
        unit: "dB", or "" for dimensionless scores.
        modalities: what the metric looks at; a clip that lacks one is a counted failure.
        minimum_clips: below this many clips the score carries a note.
    """

    name: str
    title: str
    unit: str = ""
    modalities: ClassVar[frozenset[Modality]]
    minimum_clips: int = 2
    full_state_update = False
    is_differentiable = False

    @property
    def direction(self) -> Direction:
        """Which way is better, from torchmetrics' `higher_is_better`."""
        return "higher" if self.higher_is_better else "lower"

    @property
    @abstractmethod
    def signature(self) -> str:
        """How the number is made: name, every configuration field and the weights' hash. See `metrics.signature`."""

    @property
    @abstractmethod
    def statistics_id(self) -> str:
        """Identifies the per-clip statistics: two metrics with equal ids share the cache and are observed once."""

    @abstractmethod
    def observe(self) -> ClipObserver:
        """A fresh observer for one clip."""

    def missing(self, reason: str, failed: Mapping[str, str] | None = None) -> Score:
        """A score without a value."""
        return Score(
            value=None, missing=reason, n=0, direction=self.direction, unit=self.unit, signature=self.signature,
            failed=dict(failed or {}),
        )  # fmt: skip


class DistributionMetric(ClipMetric):
    """Compares two sets of clips."""

    @abstractmethod
    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        """The distance between two sets of clips.

        Raises:
            Unmeasurable: the sets are too small; the message says how many are needed.
        """

    @abstractmethod
    def score(
        self,
        reference: Mapping[str, Statistics],
        generated: Mapping[str, Statistics],
        failed: Mapping[str, str] | None = None,
    ) -> Score:
        """The score with its interval; clips are taken in the order of their keys, so their order does not matter."""


class PairedMetric(ClipMetric):
    """Compares each generated clip with its own reference."""

    @abstractmethod
    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The pair's statistics, with the pair's own score under "value" as a float64 scalar array.

        Raises:
            Unmeasurable: this pair has no score; the message is the reason.
        """

    @abstractmethod
    def score(self, pairs: Mapping[str, Statistics], failed: Mapping[str, str] | None = None) -> Score:
        """The mean over pairs with its interval."""
