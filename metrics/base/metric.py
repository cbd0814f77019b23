"""What a metric is: per-clip statistics first, then a reduction of many clips to one score.

From that alone the harness caches per clip, merges shards, resumes and resamples for intervals, for any metric,
also one that a stranger wrote. The same object is a `torchmetrics.Metric` for use in a training loop. Two kinds:

* `DistributionMetric` compares the set of generated clips with the set of reference clips (FID, FVD, FVMD, FAD).
  A new one supplies its metadata, `observe` and `reduce`; a Frechet distance of features needs `observe` alone, see
  `metrics.frechet.metric`.
* `PairedMetric` compares each generated clip with its own reference (MCD, STOI). A new one supplies its metadata,
  `observe` and `compare`.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from metrics import weights
from metrics.base.asked import Asked, Asking
from metrics.base.clip_set import ClipSet
from metrics.base.conventions import chosen
from metrics.base.estimate import Estimate
from metrics.base.intervals import FEWEST, bootstrap_interval, jackknife_influences, mean_interval
from metrics.base.media import checked_batch, checked_rate
from metrics.base.observer import ClipObserver, Modality, Statistics, Unmeasurable
from metrics.base.packing import gathered, pack
from metrics.base.score import Direction, Score, summary
from metrics.base.signature import signature as signature_of
from metrics.base.signature import statistics_id as statistics_id_of
from metrics.base.torchmetrics_base import Metric

__all__ = ["LONGEST_SOUND", "ClipMetric", "ClipObserver", "DistributionMetric", "Modality", "NoConfig", "PairedMetric",
           "Statistics", "Unmeasurable"]  # fmt: skip


LONGEST_SOUND = 600.0
"""Seconds of sound that a metric is given unless it says that it takes more, see `ClipMetric.longest_sound`."""


@dataclass(frozen=True)
class NoConfig:
    """The configuration of a metric that has nothing to configure."""


class ClipMetric(Metric, ABC):  # type: ignore[misc]
    """Metadata and the per-clip half that both kinds share.

    A subclass states these as class attributes, or as properties where they follow from the configuration.

    Attributes:
        name: registry name, for example "fid" or "fad-ge2e"; one name is one convention.
        title: column heading, for example "FID".
        unit: "dB", or "" for dimensionless scores.
        modalities: what the metric looks at; a clip that lacks one is a counted failure.
        minimum_clips: below this many clips the score carries a note.
        limits: the least and the greatest value there can be; intervals end there.
        conventions: configurations by registry name, for a class that has several.
        config: a frozen dataclass that holds everything the number depends on beside the clips and the weights.
        longest_sound: seconds of sound that it takes in bounded memory and time; a clip with more is a counted failure
            of this metric alone. The harness reads an hour at the most.
        takes_images: whether `update` takes images uint8 [N, 3, H, W] as well, each a clip of one frame.
    """

    name: str
    title: str
    unit: str = ""
    modalities: ClassVar[frozenset[Modality]]
    minimum_clips: int = 2
    limits: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    conventions: ClassVar[Mapping[str, Any]] = {}
    config: Any = NoConfig()
    longest_sound: float = LONGEST_SOUND
    takes_images: ClassVar[bool] = False
    full_state_update = False
    is_differentiable = False

    def __init__(self, name: str | None = None, config: Any = None, **options: Any) -> None:
        """
        Args:
            name: one of `conventions`, or a name for the configuration given; None keeps the class's own.
            config: None takes the convention called `name`, or the class's own configuration if it has no conventions.
            **options: to `torchmetrics.Metric`.

        Raises:
            ValueError: no convention is called `name`.
            TypeError: `name` is no text, or `config` is of another metric.
        """
        super().__init__(**options)
        if name is not None:
            if not isinstance(name, str):
                raise TypeError(f"A metric's name is a text, got {name!r}; give a configuration as config=...")
            self.name, self.title = name, name.upper()
        if self.conventions:
            self.config = chosen(self.name, config, self.conventions)
        elif config is not None:
            self.config = config
        # MetricCollection takes metrics whose states are close for one metric and from then on updates only the first
        # of them; two that could not measure anything yet would be. This state, see `_observed`, prevents the merge.
        self.add_state("identity", torch.zeros(hashlib.sha256().digest_size, dtype=torch.uint8), dist_reduce_fx="max")

    @contextmanager
    def sync_context(self, should_unsync: bool = True, **options: Any) -> Iterator[None]:
        """As torchmetrics has it, but a process gets its own clips back also where `compute` raises."""
        self.sync(**options)
        try:
            yield
        finally:
            self.unsync(should_unsync=self._is_synced and should_unsync)

    @property
    def direction(self) -> Direction:
        """Which way is better, from torchmetrics' `higher_is_better`."""
        return "higher" if self.higher_is_better else "lower"

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weight files the metric uses, see `metrics.weights`."""
        return ()

    @property
    def native_audio(self) -> bool:
        """Observe the soundtrack at the file's own sample rate instead of the protocol's.

        The configuration's field of this name, so that the signature says it; False where it has none.
        """
        return bool(getattr(self.config, "native_audio", False))

    @property
    def aligned(self) -> bool:
        """Whether a value means something only where the generated clip follows its reference in time.

        Tables then mark as best only what the metric's own chance shows to be aligned.
        """
        return False

    @property
    def remark(self) -> str:
        """What a table that shows this metric must say; "" if nothing."""
        return ""

    @property
    def statistics_kind(self) -> str:
        """What the per-clip statistics are; metrics that differ only in their reduction give the same word."""
        return self.name

    @property
    def signature(self) -> str:
        """How the number is made: name, every configuration field, weights' hash; see `metrics.base.signature`."""
        return signature_of(self.name, self.config, self._weight_hashes())

    @property
    def statistics_id(self) -> str:
        """Identifies the per-clip statistics: two metrics with equal ids share the cache and are observed once."""
        return statistics_id_of(self.statistics_kind, self.config, self._weight_hashes(), type(self).__module__)

    def prepare(self) -> None:
        """Make sure that all that observing a clip needs is here; fetches weights.

        Raises:
            WeightsMissing: something is not here and cannot be fetched; one sentence that says what to do.
        """
        for name in self.weights:
            weights.fetch(name)

    @abstractmethod
    def observe(self) -> ClipObserver:
        """A fresh observer for one clip."""

    def missing(self, reason: str, failed: Mapping[str, str] | None = None) -> Score:
        """A score without a value."""
        return self._score(None, reason, n=0, failed=failed)

    def _score(
        self,
        value: float | None,
        missing: str | None = None,
        *,
        failed: Mapping[str, str] | None,
        interval: tuple[float, float] | None = None,
        **fields: Any,
    ) -> Score:
        low, high = np.clip(interval, *self.limits).tolist() if interval else (None, None)
        fields |= {"direction": self.direction, "unit": self.unit, "signature": self.signature}
        return Score(value=value, missing=missing, failed=dict(failed or {}), low=low, high=high, **fields)

    def _notes(self, n: int, interval: tuple[float, float] | None) -> tuple[str, ...]:
        few = f"n = {n} is below the sensible minimum of {self.minimum_clips} clips"
        blank = f"no interval: n = {n}, at least {FEWEST} clips are needed"
        return (few,) * (n < self.minimum_clips) + (blank,) * (interval is None and n < FEWEST)

    def _weight_hashes(self) -> dict[str, str]:
        return {name: weights.identity(name) for name in self.weights}

    def _observed(self, media: Tensor, sample_rate: int | None) -> list[Callable[[], Statistics]]:
        """Observe a batch of clips: uint8 [N, T, 3, H, W] video, or floating-point [N, S] audio with its rate."""
        clips = checked_batch(media, self.name, self.modalities, self.takes_images)
        video = clips.dtype == torch.uint8
        if not video and sample_rate is None:
            raise ValueError(f"{self.name} needs `sample_rate` in Hz beside the audio.")
        rate = 0 if video else checked_rate(sample_rate)
        # Here and not when the metric is made: a subclass may set its configuration after `super().__init__()`.
        identity = hashlib.sha256(f"{type(self)} {self.name} {self.config!r}".encode()).digest()
        self.identity = torch.tensor(list(identity), dtype=torch.uint8, device=self.device)
        pending = []
        for clip in clips.detach().cpu():
            observer = self.observe()
            if video:
                observer.frames(clip.permute(0, 2, 3, 1).contiguous().numpy())
            else:
                observer.waveform(clip.float().numpy(), rate)
            pending.append(observer.finish())
        return pending


class DistributionMetric(ClipMetric):
    """Compares two sets of clips.

    As a `torchmetrics.Metric` it keeps the statistics of every clip it has seen; `metrics.frechet.metric` knows better.
    """

    def __init__(self, name: str | None = None, config: Any = None, **options: Any) -> None:
        super().__init__(name, config, **options)
        self._declare_states()

    @abstractmethod
    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        """The distance between two sets of clips.

        Raises:
            Unmeasurable: the sets are too small; the message says how many are needed.
        """

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        """The distance with the 95 % interval of what sets of this size are expected to give; both sets vary."""
        value = self.reduce(reference, generated)
        interval = bootstrap_interval(self.reduce, reference, generated)
        return Estimate(value, interval, influences=jackknife_influences(self.reduce, reference, generated, value))

    def score(
        self,
        reference: Mapping[str, Statistics],
        generated: Mapping[str, Statistics],
        failed: Mapping[str, str] | None = None,
    ) -> Score:
        """The score with its interval; clips are taken in the order of their keys, so their order does not matter."""
        try:
            made = self.estimate(ClipSet.of(reference), ClipSet.of(generated))
        except Unmeasurable as reason:
            return self.missing(str(reason), failed)
        return self._score(
            made.value,
            n=len(generated),
            failed=failed,
            interval=made.interval,
            notes=self._notes(min(len(reference), len(generated)), made.interval) + made.notes,
            details={"reference_clips": len(reference), **made.details},
            by_clip=made.by_clip(sorted(generated)) if set(reference) == set(generated) else {},
        )

    def update(self, media: Tensor, real: bool, sample_rate: int | None = None) -> None:
        """Add a batch of clips: uint8 [N, T, 3, H, W] video or floating-point [N, S] audio; `real`: the reference."""
        for statistics in self._observed(media, sample_rate):
            self._absorb(statistics(), real)

    def forward(self, *_: Any, **__: Any) -> Tensor:
        """Refused: a batch belongs to one of the two sets, so it has no value of its own."""
        raise TypeError(f"{self.name} compares two sets of clips: call `update` for both, then `compute`.")

    def compute(self) -> Tensor:
        """The distance between all reference and all generated clips seen so far, float64."""
        reference, generated = gathered(self.reference_clips), gathered(self.generated_clips)
        if not (reference and generated):
            raise Unmeasurable(
                f"{self.name} needs clips of both sets, got {len(reference)} reference and {len(generated)} generated."
            )
        distance = self.reduce(reference, generated)
        return torch.tensor(distance, dtype=torch.float64, device=self.device)

    def sync(self, **options: Any) -> None:
        """As torchmetrics has it, but a process without clips sends an empty state of the right type."""
        for name in ("reference_clips", "generated_clips"):
            if getattr(self, name, None) is not None and not len(getattr(self, name)):
                setattr(self, name, [torch.empty(0, dtype=torch.uint8, device=self.device)])
        super().sync(**options)

    def _declare_states(self) -> None:
        self.add_state("reference_clips", default=[], dist_reduce_fx="cat")
        self.add_state("generated_clips", default=[], dist_reduce_fx="cat")

    def _absorb(self, statistics: Statistics, real: bool) -> None:
        state = self.reference_clips if real else self.generated_clips
        state.append(pack(statistics).to(self.device))


class PairedMetric(Asking, ClipMetric):
    """Compares each generated clip with its own reference, or with what its prompt asked for, see `Asking`.

    As a `torchmetrics.Metric` it keeps a running sum, and counts pairs that have no score apart.
    """

    def __init__(self, name: str | None = None, config: Any = None, **options: Any) -> None:
        super().__init__(name, config, **options)
        self.add_state("total", default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("measured", default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("unmeasured", default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self._reason = ""

    @abstractmethod
    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The pair's statistics, with the pair's own score under "value" as a float64 scalar array.

        Raises:
            Unmeasurable: this pair has no score; the message is the reason.
        """

    def score(self, pairs: Mapping[str, Statistics], failed: Mapping[str, str] | None = None) -> Score:
        """The mean over pairs with its interval."""
        if not pairs:
            return self.missing(summary(failed or {}, "pairs"), failed)
        by_clip = {key: float(pairs[key]["value"]) for key in sorted(pairs)}
        values = np.array(list(by_clip.values()))
        interval = mean_interval(values)
        return self._score(
            float(values.mean()),
            n=len(values),
            failed=failed,
            interval=interval,
            notes=self._notes(len(values), interval),
            by_clip=by_clip,
        )

    def update(
        self,
        preds: Tensor,
        target: Tensor,
        sample_rate: int | None = None,
        prompts: Sequence[Asked] | None = None,
    ) -> None:
        """Add a batch of pairs, generated and reference: uint8 [N, T, 3, H, W] video or floating-point [N, S] audio.

        `prompts`, as many, matter to metrics that need something of them.
        """
        if len(preds) != len(target):
            raise ValueError(
                f"{self.name} compares pairs, got {len(preds)} generated and {len(target)} reference clips."
            )
        told = [Asked()] * len(preds) if prompts is None else prompts
        sides = self._observed(target, sample_rate), self._observed(preds, sample_rate)
        for reference, generated, prompt in zip(*sides, told, strict=True):
            try:
                self.total += float(self.paired(reference, generated, partial(self.asked, prompt))["value"])
                self.measured += 1
            except Unmeasurable as reason:
                self.unmeasured += 1
                self._reason = str(reason)

    def forward(self, preds: Tensor, target: Tensor, **update: Any) -> Tensor:
        """Add a batch of pairs and return the mean of its own; pairs without a score are counted before it raises.

        torchmetrics' way would lose all earlier pairs where a batch has no score.
        """
        earlier = self.total.clone(), self.measured.clone(), self.unmeasured.clone()
        self.update(preds, target, **update)
        states = (self.total, self.measured, self.unmeasured)
        self._forward_cache = self._mean(*(now - before for now, before in zip(states, earlier, strict=True)))
        return self._forward_cache

    def compute(self) -> Tensor:
        """The mean over the pairs that have a score, float64."""
        return self._mean(self.total, self.measured, self.unmeasured)

    def _mean(self, total: Tensor, measured: Tensor, unmeasured: Tensor) -> Tensor:
        if not measured:
            last = f" (the last: {self._reason})" if unmeasured and self._reason else ""
            raise Unmeasurable(f"{self.name} has no pair with a score; {int(unmeasured)} could not be measured{last}.")
        return total / measured
