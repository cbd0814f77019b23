"""The verdicts: each cell of a run against the reference, under the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.errors import UserMistake
from bench.gating.evidence import Array, chance, interval, smallest_chance, visible_excess
from bench.gating.latency import LatencySample, latencies, timed_generators
from bench.gating.numbers import LARGEST, rounded
from bench.gating.reference import Reference, ReferenceCell, clips_of
from bench.gating.rules import SELECTORS, Limits, Place, Rules
from metrics.base.comparison import ROUNDING, holm
from reports.gate import VERDICTS, GateResult, Judged, Verdict
from reports.profiles import ProfileReport
from reports.results import BOUNDS, Cell, Results


def judge(
    run: Results,
    reference: Reference,
    rules: Rules,
    against: str,
    rules_name: str,
    profile: ProfileReport | None = None,
) -> GateResult:
    """Judge every cell that the rules select and the run or the reference has.

    A cell is a regression where it is worse than tolerated and noise alone would say so in less than `significance` of
    all gates: the excess over the tolerance, clip by clip, is tested one-sided (`evidence.chance`) with Holm's
    adjustment for the number of cells that are tested.

    Args:
        against, rules_name: the reference and the rules as sentences name them.
        profile: of the run, for rules on latency.

    Raises:
        UserMistake: the rules name what neither knows, or select nothing.
    """
    gate = _Gate(run, reference)
    known = {selector: {getattr(place, selector) for place in gate.places} for selector in SELECTORS}
    known["generator"] |= set(timed_generators(profile, reference.profile))
    rules.check_names(known, rules_name)
    bounds = run.study.bounds | set(BOUNDS)
    places = [place for place in gate.places if rules.selects(place, bounds)]
    if not places:
        raise UserMistake(f"{rules_name} select no cell: name other datasets, generators or metrics.")
    found: list[Judged | _Sample | LatencySample] = [gate.compared(place, rules.of(place)) for place in places]
    found += latencies(run, profile, reference.profile, rules)
    judged = _tested(found, rules.significance)
    return GateResult(
        run.study.name,
        against,
        rules.significance,
        tuple(sorted(judged, key=lambda cell: VERDICTS.index(cell.verdict))),
    )


@dataclass(frozen=True)
class _Sample:
    """A cell that can be compared: `sign` is 1 where lower is better, else -1; an entry of each array for each clip."""

    place: Place
    limits: Limits
    unit: str
    sign: float
    reference: Array
    value: Array

    @property
    def tolerance(self) -> float:
        return self.limits.tolerance.of(float(self.reference.mean()))

    @property
    def worse(self) -> Array:
        worse: Array = (self.value - self.reference) * self.sign
        return worse

    @property
    def excess(self) -> Array:
        """A relative tolerance is a share of each clip's number, so that the reference's own noise is in the spread."""
        if self.limits.tolerance.relative is None:
            return self.worse - self.tolerance
        tolerated: Array = self.limits.tolerance.relative * self.reference * np.sign(self.reference.mean())
        return self.worse - tolerated

    @property
    def same(self) -> bool:
        """Whether nothing but the rounding of float32 differs."""
        largest = max(np.abs(self.reference).max(), np.abs(self.value).max())
        return bool(np.abs(self.worse).max() <= ROUNDING * largest)


class _Gate:
    """A run beside its reference."""

    def __init__(self, run: Results, reference: Reference) -> None:
        self.run = {Place(*cell.place): cell for cell in run.cells}
        self.reference = {cell.place: cell for cell in reference.cells}
        self.places = [*self.reference, *(place for place in self.run if place not in self.reference)]
        self.reference_clips = reference.clips
        self.protocol = _differing(reference.protocol, run.protocol)
        self.other_clips = {
            dataset: _other_clips(clips, clips_of(run, dataset)) for dataset, clips in reference.clips.items()
        }

    def compared(self, place: Place, limits: Limits) -> Judged | _Sample:
        """The cell's numbers by clip, or at once what can be said without them."""
        was, now = self.reference.get(place), self.run.get(place)
        if was is None or now is None:
            where = "reference: `gate --update` adds it" if was is None else "run"
            return _unmeasured(place, f"no such cell in the {where}", was, now)
        for reason in self._obstacles(place, was, now):
            return _unmeasured(place, reason, was, now)
        if more := _more_failed(was, now, limits):
            return Judged(*place, "regression", more, now.unit, was.value, now.value)
        if now.missing is not None:
            return _unmeasured(place, f"missing in the run: {now.missing}", was, now)
        return self._sample(place, limits, was, now)

    def _obstacles(self, place: Place, was: ReferenceCell, now: Cell) -> Iterator[str]:
        if was.missing is not None:
            yield f"missing in the reference: {was.missing}"
        if self.protocol:
            yield f"another protocol: {self.protocol}"
        if was.signature != now.signature:
            differing = _differing(_fields(was.signature), _fields(now.signature))
            yield f"another signature: {differing or now.signature}"
        if other := self.other_clips.get(place.dataset):
            yield other

    def _sample(self, place: Place, limits: Limits, was: ReferenceCell, now: Cell) -> Judged | _Sample:
        for what, numbers in (("reference", was.by_clip), ("run", now.by_clip)):
            if not numbers:
                return _unmeasured(place, f"the {what} has no numbers by clip for it", was, now)
        pairs = [
            (before, rounded(now.by_clip[key]))
            for key, before in zip(self.reference_clips[place.dataset], was.by_clip, strict=True)
            if before is not None and key in now.by_clip
        ]
        if not pairs:
            return _unmeasured(place, "no clip has a score in both", was, now)
        if max(abs(number) for pair in pairs for number in pair) > LARGEST:
            return _unmeasured(place, f"a number by clip is beyond {LARGEST:g}, which no score is", was, now)
        sample = _Sample(place, limits, now.unit, 1.0 if now.direction == "lower" else -1.0, *np.array(pairs).T)
        if sample.same:
            return _told(sample, "holds", "the same in every clip", chance_of_any=1.0)
        if len(pairs) < limits.fewest:
            reason = f"too few clips: {len(pairs)}, where the rules ask for {limits.fewest}"
            return _unmeasured(place, reason, was, now)
        return sample


def _tested(found: Sequence[Judged | _Sample | LatencySample], significance: float) -> Iterator[Judged]:
    samples = [cell for cell in found if not isinstance(cell, Judged)]
    level = significance / max(1, len(samples))
    adjusted = iter(holm([chance(sample.excess) for sample in samples]))
    for cell in found:
        if isinstance(cell, LatencySample):
            yield cell.verdict(next(adjusted), significance, level)
        else:
            yield cell if isinstance(cell, Judged) else _verdict(cell, next(adjusted), significance, level)


def _verdict(sample: _Sample, chance_of_any: float, significance: float, level: float) -> Judged:
    n, tolerance = len(sample.worse), sample.tolerance
    seen = tolerance + visible_excess(sample.excess, level) if significance < 1 else None
    asked = None if sample.limits.visible is None else sample.limits.visible.of(float(sample.reference.mean()))
    worse, unit = float(sample.worse.mean()), f" {sample.unit}".rstrip()
    change = f"worse by {worse:.3g}{unit}" if worse > 0 else f"better by {-worse:.3g}{unit}"
    tolerated = f"the tolerance of {tolerance:.3g}{unit}"
    if sample.excess.mean() > 0 and chance_of_any <= significance:
        return _told(sample, "regression", f"{change}, beyond {tolerated}", chance_of_any, seen)
    if smallest_chance(n) > level and significance < 1:
        reason = f"too few clips: {n} cannot show a worsening at the level {level:.2g}, {_clips_for(level)} could"
        return _told(sample, "not measured", reason, chance_of_any, seen)
    if asked is not None and seen is not None and seen > asked:
        reason = f"too few clips: {n} show a worsening of {seen:.3g}{unit}, the rules ask for {asked:.3g}{unit}"
        return _told(sample, "not measured", reason, chance_of_any, seen)
    if sample.excess.mean() <= 0:
        return _told(sample, "holds", f"{change}{f', within {tolerated}' if worse > 0 else ''}", chance_of_any, seen)
    reason = f"{change}, beyond {tolerated}, which may be noise: {seen:.3g}{unit} would be seen"
    return _told(sample, "holds", reason, chance_of_any, seen)


def _told(sample: _Sample, verdict: Verdict, reason: str, chance_of_any: float, visible: float | None = None) -> Judged:
    """A verdict with its numbers."""
    low, high = interval(sample.worse) if len(sample.worse) > 1 else (None, None)
    return Judged(
        *sample.place, verdict, f"{reason}.", sample.unit, float(sample.reference.mean()), float(sample.value.mean()),
        float(sample.worse.mean()), low, high, sample.tolerance, chance_of_any, visible, len(sample.worse),
    )  # fmt: skip


def _unmeasured(place: Place, reason: str, was: ReferenceCell | None, now: Cell | None) -> Judged:
    return Judged(
        *place, "not measured", f"{reason.rstrip('.')}.", now.unit if now else "",
        was.value if was else None, now.value if now else None,
    )  # fmt: skip


def _more_failed(was: ReferenceCell, now: Cell, limits: Limits) -> str | None:
    """The sentence on clips without a score, where too many more lack one than in the reference."""
    before, after = was.n + was.failed, now.n + len(now.failed)
    if not before or not after:
        return None
    rise = len(now.failed) / after - was.failed / before
    if rise <= limits.more_failed:
        return None
    return (
        f"{len(now.failed)} of {after} clips have no score, {was.failed} of {before} in the reference: "
        f"{rise:.1%} more, tolerated are {limits.more_failed:.1%}."
    )


def _clips_for(level: float) -> int:
    return int(np.ceil(-np.log2(level)))


def _other_clips(before: dict[str, str], now: dict[str, str]) -> str | None:
    """How the clips of a dataset differ from the reference's; None where they are the same."""
    gone, new = sorted(before.keys() - now.keys()), sorted(now.keys() - before.keys())
    changed = sorted(key for key in before.keys() & now.keys() if before[key] != now[key])
    parts = [
        f"{len(keys)} {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
        for keys, what in ((gone, "gone"), (new, "new"), (changed, "with another prompt or reference clip"))
        if keys
    ]
    return f"other clips: {'; '.join(parts)}" if parts else None


def _fields(signature: str) -> dict[str, str]:
    """A signature's fields by name; the metric's own name under "metric"."""
    name, *fields = signature.split("|")
    return {"metric": name} | {key: value for key, _, value in (field.partition(":") for field in fields)}


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The fields that differ: "crf 23, 18 in the reference"; empty where none does."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {now.get(name)}, {before.get(name)} in the reference" for name in names)
