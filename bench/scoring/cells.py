"""From per-clip statistics to cells: one score per generator, dataset and metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.choice import Choice
from bench.plugins import built_metric, lacking_weights
from bench.scoring.store import StatisticsStore, kept_reason, load
from metrics.base.bounds import NO_PARTNER, Bounds, bounds, chance_partners
from metrics.base.clip_set import Part
from metrics.base.metric import ClipMetric, DistributionMetric, PairedMetric, Statistics
from metrics.base.score import Score


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
        errors: reasons of this run that were not kept, by statistics file.
    """

    reference: Mapping[str, str]
    generated: Mapping[str, str]
    failed: Mapping[str, str]
    errors: Mapping[str, str]

    @property
    def matched(self) -> bool:
        """Every generated clip has its reference."""
        return set(self.generated) <= set(self.reference)


def cell_score(choice: Choice, device: str, store: Path, pairing: Pairing) -> tuple[ClipMetric, Score]:
    """A study's metric and its score; without its weights the score is missing with what to do about it."""
    metric = built_metric(choice, device)
    lacking = lacking_weights(metric)
    if lacking is not None:
        return metric, _unmade(metric, lacking)
    return metric, score(metric, StatisticsStore(store, metric), pairing)


def cell_bounds(
    choice: Choice, device: str, store: Path, reference: Mapping[str, str], errors: Mapping[str, str]
) -> Bounds:
    """Where a metric's scale begins and ends on these reference clips (identity by key), see `metrics.base.bounds`.

    For a paired metric the pairs of `bound_pairs` must have been measured.
    """
    metric = built_metric(choice, device)
    lacking = lacking_weights(metric)
    if lacking is not None:
        return Bounds(_unmade(metric, lacking), _unmade(metric, lacking))
    statistics = StatisticsStore(store, metric)
    if isinstance(metric, PairedMetric):
        wrong = {key: reference[other] for key, other in chance_partners(reference).items()}
        chance = (
            score(metric, statistics, Pairing(reference, wrong, {}, errors)) if wrong else metric.missing(NO_PARTNER)
        )
        return Bounds(score(metric, statistics, Pairing(reference, reference, {}, errors)), chance)
    if isinstance(metric, DistributionMetric):
        usable, failed = _usable({key: statistics.clip(name) for key, name in reference.items()}, errors)
        found = bounds(metric, usable)
        return replace(found, ceiling=replace(found.ceiling, failed=failed))
    raise _neither(metric)


def bound_pairs(reference: Mapping[str, str]) -> list[tuple[str, str]]:
    """The pairs of identities that `cell_bounds` of a paired metric needs: each with itself, each with a wrong one."""
    wrong = chance_partners(reference)
    return [(name, name) for name in reference.values()] + [(reference[k], reference[o]) for k, o in wrong.items()]


def score(metric: ClipMetric, store: StatisticsStore, pairing: Pairing) -> Score:
    """One cell.

    Where every generated clip has its reference, a distribution metric compares the same keys on both sides, so that
    both sides carry the same small-sample bias; otherwise it compares all clips with all clips.
    """
    if isinstance(metric, PairedMetric):
        return _score_pairs(metric, store, pairing)
    if isinstance(metric, DistributionMetric):
        return _score_sets(metric, store, pairing)
    raise _neither(metric)


def _unmade(metric: ClipMetric, lacking: str) -> Score:
    """A score that cannot even be signed."""
    return Score(None, lacking, n=0, direction=metric.direction, unit=metric.unit, signature="")


def _neither(metric: ClipMetric) -> TypeError:
    return TypeError(f"{type(metric).__name__} is neither a DistributionMetric nor a PairedMetric.")


def _score_pairs(metric: PairedMetric, store: StatisticsStore, pairing: Pairing) -> Score:
    pairs = {
        key: store.pair(pairing.reference[key], generated)
        for key, generated in pairing.generated.items()
        if key in pairing.reference
    }
    alone = {key: "no reference clip of this name" for key in pairing.generated if key not in pairing.reference}
    usable, failed = _usable(pairs, pairing.errors)
    failed |= alone | dict(pairing.failed)
    return metric.score(usable, failed) if usable else metric.missing(_summary(failed), failed)


def _score_sets(metric: DistributionMetric, store: StatisticsStore, pairing: Pairing) -> Score:
    wanted = pairing.generated if pairing.matched else pairing.reference
    reference, lacking = _usable({key: store.clip(pairing.reference[key]) for key in wanted}, pairing.errors)
    generated, failed = _usable({key: store.clip(name) for key, name in pairing.generated.items()}, pairing.errors)
    reference_keys, generated_keys = list(reference), list(generated)
    if pairing.matched:
        reference_keys = generated_keys = [key for key in generated_keys if key in reference.paths]
    failed |= {key: f"reference: {reason}" for key, reason in lacking.items() if key not in failed} | dict(
        pairing.failed
    )
    if not (reference_keys and generated_keys):
        return metric.missing(_summary(failed), failed)
    return metric.score(Part(reference, reference_keys), Part(generated, generated_keys), failed)


def _usable(paths: Mapping[str, Path], errors: Mapping[str, str]) -> tuple[Stored, dict[str, str]]:
    """The statistics that exist, and for each of the others the reason why not."""
    reasons = {key: _why_not(path, errors) for key, path in sorted(paths.items())}
    usable = {key: paths[key] for key, reason in reasons.items() if reason is None}
    return Stored(usable), {key: reason for key, reason in reasons.items() if reason is not None}


def _why_not(path: Path, errors: Mapping[str, str]) -> str | None:
    """Why there are no statistics under this path; None if there are."""
    try:
        return kept_reason(path)
    except FileNotFoundError:
        return errors.get(str(path), "not measured yet")


def _summary(failed: Mapping[str, str]) -> str:
    """One sentence for a cell without a usable clip: the most frequent reason."""
    if not failed:
        return "no clips"
    reasons = list(failed.values())
    commonest = max(sorted(set(reasons)), key=reasons.count)
    return f"none of {len(reasons)} clips could be scored, most often: {commonest}"
