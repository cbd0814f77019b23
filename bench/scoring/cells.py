"""From per-clip statistics to cells: one score per generator, dataset and metric."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from bench.choice import Choice
from bench.plugins import built_metric, lacking_weights
from bench.scoring.length import Length
from bench.scoring.measure import Measuring
from bench.scoring.pairs import Pair
from bench.scoring.store import StatisticsStore, kept_reason, load
from bench.study import Unequal
from metrics.base.bounds import NO_PARTNER, NO_PROMPT, Bounds, chance_partners, set_bounds
from metrics.base.clip_set import Part
from metrics.base.metric import ClipMetric, DistributionMetric, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.score import Score, reasons, summary

NO_PAIRS = "no prompt has a reference clip to compare with"
NO_SET = "no prompt has a reference clip; name a folder of real clips in the dataset's option references"
TOLERANCE_FRAMES = 2
"""Pairs whose lengths differ by no more than this are of equal length."""
TOLERANCE_SETS = 0.1
"""Sets of clips whose total lengths differ by no more than this share are of equal length."""

M = TypeVar("M", bound=ClipMetric)


class Stored(Mapping[str, Statistics]):
    """Statistics by clip key, read from disk when asked for, so that memory does not grow with the number of clips."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = paths

    def __getitem__(self, key: str) -> Statistics:
        return load(self.paths[key])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.paths))

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class Pairing:
    """The clips of one cell; equal keys make pairs.

    Attributes:
        reference: identity of the reference clip by key.
        generated: identity of the generated clip by key; keys that could not be generated are absent.
        failed: reason by key for clips that could not be generated.
        prompts: hash of what was asked for by key, where it is known.
        unreferenced: keys of prompts that never had a reference clip: no failures, but nothing to compare with either.
        real: identity by key of real clips that are nobody's reference; where there are any, distances between sets are
            measured against them.
    """

    reference: Mapping[str, str]
    generated: Mapping[str, str]
    failed: Mapping[str, str]
    prompts: Mapping[str, str] = field(default_factory=dict)
    unreferenced: frozenset[str] = frozenset()
    real: Mapping[str, str] = field(default_factory=dict)

    @property
    def matched(self) -> bool:
        """Every generated clip has its reference."""
        return set(self.generated) <= set(self.reference)

    def referenced(self) -> Pairing:
        """The same without the prompts that have no reference clip."""
        generated, failed = (
            {key: value for key, value in side.items() if key not in self.unreferenced}
            for side in (self.generated, self.failed)
        )
        return Pairing(self.reference, generated, failed, self.prompts)

    def pair(self, key: str) -> Pair:
        """The generated clip of a key, its reference and its prompt."""
        return Pair(self.reference.get(key, ""), self.generated[key], self.prompts.get(key, ""))


@dataclass(frozen=True)
class Scoring:
    """How cells are made from the statistics that lie in `measuring.store`.

    Attributes:
        measuring: how clips were measured.
        errors: reasons that were not kept, by statistics file.
        unequal: what becomes of pairs of unequal length.
        max_failed: share of the clips that may lack a score.
    """

    measuring: Measuring
    errors: Mapping[str, str]
    unequal: Unequal = "score"
    max_failed: float = 0.1

    def cell(self, choice: Choice, pairing: Pairing) -> tuple[ClipMetric, Score]:
        """A study's metric and its score; without its weights the score is missing with what to do about it.

        Where every generated clip has its reference, a distribution metric compares the same keys on both sides, so
        that both sides carry the same small-sample bias; otherwise it compares all clips with all clips.
        """
        metric = built_metric(choice, self.measuring.device)
        lacking = lacking_weights(metric)
        return metric, self.score(metric, pairing) if lacking is None else self.unmade(metric, lacking)

    def score(self, metric: ClipMetric, pairing: Pairing) -> Score:
        """The score of one cell."""
        if isinstance(metric, PairedMetric):
            if metric.reference_free:
                return self.limited(self._score_pairs(metric, pairing))
            return self._referenced(metric, pairing, NO_PAIRS, self._score_pairs)
        if not isinstance(metric, DistributionMetric):
            raise TypeError(f"{type(metric).__name__} is neither a DistributionMetric nor a PairedMetric.")
        if pairing.real:
            against = {f"real/{key}": name for key, name in pairing.real.items()}
            return self.limited(self._score_sets(metric, Pairing(against, pairing.generated, pairing.failed)))
        return self._referenced(metric, pairing, NO_SET, self._score_sets)

    def _referenced(self, metric: M, pairing: Pairing, lacking: str, score: Callable[[M, Pairing], Score]) -> Score:
        """The score of the prompts that have a reference clip, with a note on how many have none."""
        if not pairing.unreferenced:
            return self.limited(score(metric, pairing))
        if not pairing.reference:
            return metric.missing(lacking)
        found = self.limited(score(metric, pairing.referenced()))
        whole = len(pairing.reference) + len(pairing.unreferenced)
        note = f"{len(pairing.unreferenced)} of {whole} prompts have no reference clip and take no part"
        return replace(found, notes=(*found.notes, note))

    def bounds(
        self, choice: Choice, reference: Mapping[str, str], n: int = 0, prompts: Mapping[str, str] | None = None
    ) -> Bounds:
        """Ceiling and chance of a metric on these reference clips (identity by key), see `metrics.base.bounds`.

        For a paired metric the pairs of `bound_pairs` must have been measured.

        Args:
            n: clips on the generated side of the score that is read by it, 0 for as many as there are references.
            prompts: hash of what was asked for by key.
        """
        metric = built_metric(choice, self.measuring.device)
        if (lacking := lacking_weights(metric)) is not None:
            return Bounds(self.unmade(metric, lacking), self.unmade(metric, lacking))
        alone = replace(self, unequal="score", max_failed=1.0)
        if isinstance(metric, PairedMetric):
            itself, wrong = bound_pairings(reference, prompts or {})
            if metric.reference_free and not metric.needs:
                chance = metric.missing(NO_PROMPT)
            else:
                chance = alone.score(metric, wrong) if wrong.generated else metric.missing(NO_PARTNER)
            return Bounds(alone.score(metric, itself), _without_lengths(chance))
        if isinstance(metric, DistributionMetric):
            store = self._store(metric)
            usable, failed = self._usable({key: store.clip(name) for key, name in reference.items()})
            found = set_bounds(metric, usable, n or len(usable))
            return replace(found, ceiling=replace(found.ceiling, failed=failed))
        raise TypeError(f"{type(metric).__name__} is neither a DistributionMetric nor a PairedMetric.")

    def _score_pairs(self, metric: PairedMetric, pairing: Pairing) -> Score:
        store = self._store(metric)
        known = pairing.generated if metric.reference_free else pairing.reference
        pairs = {key: store.pair(pairing.pair(key)) for key in pairing.generated if key in known}
        alone = {key: "no reference clip of this name" for key in pairing.generated if key not in known}
        usable, failed = self._usable(pairs)
        failed |= alone | dict(pairing.failed)
        unequal = {} if metric.reference_free else self._unequal(metric, pairing, usable.paths)
        if unequal and self.unequal == "fail":
            return metric.missing(f"protocol.unequal is 'fail': {_lengths(unequal, len(usable))}", failed)
        if self.unequal == "skip":
            failed |= {key: f"the generated clip is {seconds:+.2f} s longer" for key, seconds in unequal.items()}
            usable = Stored({key: path for key, path in usable.paths.items() if key not in unequal})
        if not usable:
            return metric.missing(summary(failed, "clips"), failed)
        score = metric.score(usable, failed)
        if unequal and self.unequal == "score":
            score = replace(score, notes=(*score.notes, _lengths(unequal, len(usable))))
        return replace(score, details={**score.details, **_both_conventions(metric, usable, len(failed))})

    def _score_sets(self, metric: DistributionMetric, pairing: Pairing) -> Score:
        store = self._store(metric)
        wanted = pairing.generated if pairing.matched else pairing.reference
        reference, lacking = self._usable({key: store.clip(pairing.reference[key]) for key in wanted})
        generated, lost = self._usable({key: store.clip(name) for key, name in pairing.generated.items()})
        keys = list(reference), list(generated)
        if pairing.matched:
            keys = ([key for key in generated if key in reference.paths],) * 2
        failed = {key: f"reference: {reason}" for key, reason in lacking.items()}
        failed |= {key: f"generated: {reason}" for key, reason in lost.items()} | dict(pairing.failed)
        if not all(keys):
            return metric.missing(summary(failed, "clips"), failed)
        score = metric.score(Part(reference, keys[0]), Part(generated, keys[1]), failed)
        return replace(score, notes=(*score.notes, *self._totals(metric, pairing, *keys)))

    def limited(self, score: Score) -> Score:
        """The score, or missing where more clips lack one than the study allows: survivors are another sample."""
        share = len(score.failed) / max(1, score.n + len(score.failed))
        if score.value is None or share <= self.max_failed:
            return score
        reason = (
            f"{len(score.failed)} of {score.n + len(score.failed)} clips have no score, more than "
            f"max_failed = {self.max_failed:g} allows ({reasons(score.failed)})"
        )
        details = {**score.details, "failed_left_out": score.value}
        return replace(score, value=None, missing=reason, low=None, high=None, notes=(), details=details, by_clip={})

    def statistics(self, metric: ClipMetric, clips: Mapping[str, str]) -> tuple[Stored, dict[str, str]]:
        """The statistics of clips (identity by key) that exist, and for each of the others the reason why not."""
        store = self._store(metric)
        return self._usable({key: store.clip(name) for key, name in clips.items()})

    @staticmethod
    def unmade(metric: ClipMetric, lacking: str) -> Score:
        """A score that cannot even be signed."""
        return Score(None, lacking, n=0, direction=metric.direction, unit=metric.unit, signature="")

    def _store(self, metric: ClipMetric) -> StatisticsStore:
        return StatisticsStore(self.measuring.store, metric)

    def _usable(self, paths: Mapping[str, Path]) -> tuple[Stored, dict[str, str]]:
        """The statistics that exist, and for each of the others the reason why not."""
        reasons = {key: self._why_not(path) for key, path in sorted(paths.items())}
        usable = {key: paths[key] for key, reason in reasons.items() if reason is None}
        return Stored(usable), {key: reason for key, reason in reasons.items() if reason is not None}

    def _why_not(self, path: Path) -> str | None:
        """Why there are no statistics under this path; None if there are."""
        try:
            return kept_reason(path)
        except FileNotFoundError:
            return self.errors.get(str(path), "not measured yet")

    def _unequal(self, metric: PairedMetric, pairing: Pairing, keys: Mapping[str, Path]) -> dict[str, float]:
        """By how many seconds the generated clip is longer, for the pairs that differ by more than the tolerance."""
        tolerance = TOLERANCE_FRAMES / (self.measuring.decoding.fps or 25.0)
        found: dict[str, float] = {}
        for modality in sorted(metric.modalities):
            for key in keys:
                reference, generated = (
                    self._seconds(modality, side[key]) for side in (pairing.reference, pairing.generated)
                )
                if abs(generated - reference) > tolerance + 1e-9:
                    found[key] = max(found.get(key, 0.0), generated - reference, key=abs)
        return found

    def _totals(
        self, metric: ClipMetric, pairing: Pairing, reference: Sequence[str], generated: Sequence[str]
    ) -> Iterator[str]:
        """A note where one set lasts much longer than the other: it then carries more vectors and less bias."""
        for modality in sorted(metric.modalities):
            totals = (
                sum(self._seconds(modality, pairing.reference[key]) for key in reference),
                sum(self._seconds(modality, pairing.generated[key]) for key in generated),
            )
            if abs(totals[1] - totals[0]) > TOLERANCE_SETS * max(totals):
                yield f"the generated clips last {totals[1]:.1f} s in all, the references {totals[0]:.1f} s"

    def _seconds(self, modality: Modality, identity: str) -> float:
        return _stored_seconds(self._lengths(modality), identity)

    def _lengths(self, modality: Modality) -> StatisticsStore:
        return _length_store(self.measuring.store, self.measuring.length(modality))


def bound_pairings(reference: Mapping[str, str], prompts: Mapping[str, str]) -> tuple[Pairing, Pairing]:
    """The references paired with themselves, and with wrong ones, each beside its own prompt."""
    wrong = {key: reference[other] for key, other in chance_partners(reference).items()}
    return Pairing(reference, reference, {}, prompts), Pairing(reference, wrong, {}, prompts)


def bound_pairs(reference: Mapping[str, str], prompts: Mapping[str, str] | None = None) -> list[Pair]:
    """The pairs that `Scoring.bounds` of a paired metric needs."""
    return [side.pair(key) for side in bound_pairings(reference, prompts or {}) for key in side.generated]


def _lengths(unequal: Mapping[str, float], pairs: int) -> str:
    """How many pairs differ in length, and by how much."""
    seconds = [abs(value) for value in unequal.values()]
    return (
        f"{len(unequal)} of {pairs} pairs differ in length by more than {TOLERANCE_FRAMES} frames, "
        f"by {median(seconds):.2f} s in the median and {max(seconds):.2f} s at most"
    )


def _without_lengths(chance: Score) -> Score:
    """Clips that have nothing to do with each other are of unequal length as a matter of course."""
    return replace(chance, notes=tuple(note for note in chance.notes if " pairs differ in length " not in note))


def _both_conventions(metric: PairedMetric, pairs: Mapping[str, Statistics], failed: int) -> dict[str, float]:
    """The mean without failures, and with each failure taken as the worst there is, where there are failures.

    The worst is the metric's own limit or, where it has none, the worst pair of the cell.
    """
    if not failed:
        return {}
    values = np.array([float(statistics["value"]) for statistics in pairs.values()])
    limit = metric.limits[0 if metric.higher_is_better else 1]
    worst = limit if math.isfinite(limit) else float(values.min() if metric.higher_is_better else values.max())
    as_worst = (float(values.sum()) + failed * worst) / (len(values) + failed)
    return {"failed_left_out": float(values.mean()), "failed_as_worst": as_worst}


@functools.lru_cache(maxsize=16)
def _length_store(folder: Path, length: Length) -> StatisticsStore:
    return StatisticsStore(folder, length)


@functools.lru_cache(maxsize=2**18)
def _stored_seconds(lengths: StatisticsStore, identity: str) -> float:
    """Length by its statistics file, which is named by content; 0 for a stream that could not be read."""
    try:
        return float(load(lengths.clip(identity))["seconds"])
    except (Unmeasurable, FileNotFoundError):
        return 0.0
