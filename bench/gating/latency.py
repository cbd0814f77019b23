"""Latencies of a run's profile against those of the reference: the same prompts on the same machine, paired."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, JsonValue, model_validator

from bench.environment import other_version
from bench.gating.evidence import Array, interval, smallest_chance, visible_excess
from bench.gating.numbers import Number, StrictRecord, rounded
from bench.gating.rules import LATENCY, Latency, Limits, Place, Rules
from reports.gate import Judged, Verdict
from reports.profiles import GeneratorProfile, ProfileReport
from reports.results import Results

MACHINE = ("processor", "cores", "gpu", "threads")
"""What of the environment says on which machine, and with how much of it, was timed."""
CROWDED = 0.1
"""Cores: so much more than all others but one may be busy, since the system itself always does something."""


class ReferenceLatency(StrictRecord):
    """Seconds of one generator by prompt, in the order of the profile's keys; None where it failed."""

    generator: str
    device: str
    failed: int = Field(ge=0)
    wall: list[Number | None]
    processor: list[Number | None]


class ReferenceProfile(StrictRecord):
    """What of a profile its successors are compared with.

    Attributes:
        dataset, count, hash: where the prompts come from, how many there are, and the hash of all that they hold.
        rounds: how often each was timed.
        machine: the fields of `MACHINE`.
        other_cores: how many other processes kept busy meanwhile, on average; None where nobody looked.
        yardstick: seconds of a fixed piece of work by clock, see `reports.profiles.Machine`.
        keys: of the prompts.
    """

    dataset: str
    count: int = Field(ge=1)
    hash: str
    rounds: int = Field(ge=1)
    machine: dict[str, JsonValue]
    other_cores: Number | None
    yardstick: dict[str, Number]
    keys: list[str]
    generators: list[ReferenceLatency] = Field(min_length=1)

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> ReferenceProfile:
        if len(set(self.names)) < len(self.names):
            raise ValueError("a generator's latencies stand twice")
        for told in self.generators:
            for seconds in (told.wall, told.processor):
                if len(seconds) != len(self.keys):
                    raise ValueError(f"{told.generator} has {len(seconds)} latencies for {len(self.keys)} prompts")
                if any(value is not None and value <= 0 for value in seconds):
                    raise ValueError(f"{told.generator} has a latency that is not above 0")
        return self

    @property
    def names(self) -> list[str]:
        return [told.generator for told in self.generators]

    @classmethod
    def of(cls, profile: ProfileReport, rules: Rules) -> ReferenceProfile | None:
        """The latencies that the rules judge; None if there are none."""
        dataset = str(profile.prompts.get("dataset", ""))
        chosen = [told for told in profile.generators if rules.latency_of(dataset, told.generator)]
        keys = list(dict.fromkeys(key for told in chosen if told.quickest for key in told.quickest.wall))
        made = [_reference_latency(told, keys) for told in chosen if told.quickest]
        if not made:
            return None
        return cls(
            dataset=dataset,
            count=chosen[0].prompts,
            hash=str(profile.prompts.get("hash", "")),
            rounds=max(told.rounds for told in chosen),
            machine=machine_of(profile),
            other_cores=None if profile.machine.other_cores is None else rounded(profile.machine.other_cores),
            yardstick={clock: rounded(seconds) for clock, seconds in profile.machine.yardstick.items()},
            keys=keys,
            generators=made,
        )

    def text(self) -> str:
        """As it stands in the file, made for reading in a diff."""
        known = self.model_dump(mode="json", exclude={"generators", "keys"})
        lines = [f"  {_json(name)}: {_json(value)}," for name, value in known.items()]
        lines += [f'  "keys": {_json(self.keys)},', '  "generators": [']
        for told in self.generators:
            head = _json(told.model_dump(mode="json", exclude={"wall", "processor"}))[:-1]
            lines += [
                f"   {head},",
                f'    "wall": {_listed(told.wall)},',
                f'    "processor": {_listed(told.processor)}}},',
            ]
        lines[-1] = lines[-1].removesuffix(",")
        return "\n".join(["{", *lines, "  ]", " }"])


@dataclass(frozen=True)
class LatencySample:
    """A generator's latencies that can be compared: seconds of the reference and of the run, one of each a prompt.

    `drift` is how many times as long the machine took for the same work of ours as when the reference was made.
    """

    place: Place
    limits: Latency
    reference: Array
    value: Array
    drift: float

    @property
    def logs(self) -> Array:
        logs: Array = np.log(self.value / self.reference)
        return logs

    @property
    def excess(self) -> Array:
        """By how much each prompt is slower than tolerated, logarithms of ratios."""
        return self.logs - math.log1p(self.limits.slower)

    def verdict(self, chance_of_any: float, significance: float, level: float) -> Judged:
        """The verdict; a machine that is itself slower makes no regression, one that is faster lets nothing hold."""
        n, slower = len(self.logs), self.limits.slower
        ratio = math.exp(self.logs.mean())
        change = f"slower by {ratio - 1:.1%}" if ratio > 1 else f"faster by {1 - ratio:.1%}"
        tolerated = f"the tolerance of {slower:.1%}"
        visible = math.log1p(slower) + visible_excess(self.excess, level) if significance < 1 else None
        if self.excess.mean() > 0 and chance_of_any <= significance:
            if self.drift > 1 + slower / 2:
                return self._told("not measured", self._other_speed(), chance_of_any, visible)
            return self._told("regression", f"{change}, beyond {tolerated}", chance_of_any, visible)
        if self.drift < 1 / (1 + slower / 2):
            return self._told("not measured", self._other_speed(), chance_of_any, visible)
        if smallest_chance(n) > level and significance < 1:
            reason = f"too few prompts: {n} cannot show a slowdown at the level {level:.2g}"
            return self._told("not measured", reason, chance_of_any, visible)
        if self.excess.mean() <= 0:
            within = f", within {tolerated}" if ratio > 1 else ""
            return self._told("holds", f"{change}{within}", chance_of_any, visible)
        seen = "" if visible is None else f": {math.expm1(visible):.1%} would be seen"
        return self._told("holds", f"{change}, beyond {tolerated}, which may be noise{seen}", chance_of_any, visible)

    def _other_speed(self) -> str:
        how = "slower" if self.drift > 1 else "faster"
        times = self.drift if self.drift > 1 else 1 / self.drift
        return (
            f"the machine itself is {times - 1:.1%} {how} at the same work than when the reference was made, and the "
            "generator cannot be told from it: profile again when nothing else runs"
        )

    def _told(self, verdict: Verdict, reason: str, chance_of_any: float, visible: float | None) -> Judged:
        mean = float(self.reference.mean())
        low, high = interval(self.logs) if len(self.logs) > 1 else (None, None)

        def seconds(log: float | None) -> float | None:
            return None if log is None else mean * math.expm1(log)

        return Judged(
            *self.place, verdict, f"{reason}.", "s", mean, float(self.value.mean()),
            seconds(float(self.logs.mean())), seconds(low), seconds(high), mean * self.limits.slower, chance_of_any,
            seconds(visible), len(self.logs),
        )  # fmt: skip


def timed_generators(profile: ProfileReport | None, reference: ReferenceProfile | None = None) -> list[str]:
    """Every generator that either has latencies of, each once."""
    names = reference.names if reference else []
    names += [told.generator for told in profile.generators] if profile else []
    return list(dict.fromkeys(names))


def latencies(
    run: Results, profile: ProfileReport | None, reference: ReferenceProfile | None, rules: Rules
) -> Iterator[Judged | LatencySample]:
    """Every latency that the rules judge: to be compared, or at once why it cannot be."""
    if not rules.judges_latency:
        return
    known = timed_generators(profile, reference)
    dataset = str(profile.prompts.get("dataset")) if profile else run.study.datasets[0]
    dataset = reference.dataset if reference else dataset
    for name in known or [name for name in run.study.generators if name not in run.study.bounds]:
        place, limits = Place(dataset, name, LATENCY), rules.of(Place(dataset, name, LATENCY))
        if (asked := rules.latency_of(dataset, name)) is not None:
            yield _compared(place, asked, limits, run, profile, reference)


def _compared(
    place: Place, asked: Latency, limits: Limits, run: Results, profile: ProfileReport | None,
    reference: ReferenceProfile | None,
) -> Judged | LatencySample:  # fmt: skip
    def unmeasured(reason: str) -> Judged:
        return Judged(*place, "not measured", f"{reason}.", "s")

    if profile is None:
        return unmeasured("the run has no profile: `narrator-bench profile --into RUN` makes one")
    if reference is None:
        return unmeasured("no latencies in the reference: `gate --update` adds them")
    now = next((told for told in profile.generators if told.generator == place.generator), None)
    was = next((told for told in reference.generators if told.generator == place.generator), None)
    if now is None or was is None:
        return unmeasured(
            f"no latencies of it in the {'run' if now is None else 'reference: `gate --update` adds them'}"
        )
    for reason in _obstacles(run, profile, now, reference, was, asked):
        return unmeasured(reason)
    if more := _more_failed(was, reference.count, now, limits):
        return Judged(*place, "regression", more, "s")
    if now.quickest is None:
        return unmeasured("it narrated no prompt in every round")
    before = was.wall if asked.clock == "wall" else was.processor
    seconds = now.quickest.wall if asked.clock == "wall" else now.quickest.processor
    pairs = [
        (then, seconds[key])
        for key, then in zip(reference.keys, before, strict=True)
        if then is not None and seconds.get(key, 0) > 0
    ]
    if len(pairs) < asked.fewest:
        return unmeasured(f"too few prompts: {len(pairs)}, where the rules ask for {asked.fewest}")
    drift = profile.machine.yardstick.get(asked.clock, 0) / (reference.yardstick.get(asked.clock) or math.inf)
    old, new = np.array(pairs).T
    return LatencySample(place, asked, old, new, drift or 1.0)


def _obstacles(
    run: Results, profile: ProfileReport, now: GeneratorProfile, reference: ReferenceProfile, was: ReferenceLatency,
    asked: Latency,
) -> Iterator[str]:  # fmt: skip
    if run.environment and (name := other_version(run.environment, profile.environment)):
        yield f"the profile is of another version than the run ({name}): run and profile again, both with this one"
    machine = machine_of(profile)
    for name in MACHINE:
        if machine[name] != reference.machine.get(name):
            yield f"another machine: {name} {machine[name]}, {reference.machine.get(name)} in the reference"
    if now.device != was.device:
        yield f"another device: {now.device}, {was.device} in the reference"
    if profile.prompts.get("hash") != reference.hash:
        counts = "" if now.prompts == reference.count else f": {now.prompts}, {reference.count} in the reference"
        yield f"other prompts{counts or ' of other content than in the reference'}"
    if now.rounds != reference.rounds:
        yield f"{now.rounds} rounds, {reference.rounds} in the reference: the quickest of more calls is quicker"
    for what, busy in (("run", profile.machine.other_cores), ("reference", reference.other_cores)):
        if asked.clock == "wall" and busy is not None and _crowded(busy, machine["cores"]):
            yield (
                f"other processes kept {busy:.2f} of {machine['cores']} cores busy while the {what} was profiled, so "
                "that it waited for them: profile when less runs, or ask for clock: processor"
            )
    if asked.clock == "processor" and not now.device.startswith("cpu"):
        yield f"seconds of processors say nothing of {now.device}: ask for clock: wall"


def _crowded(busy: float, cores: JsonValue) -> bool:
    """Whether no core was left for the one thread that was timed."""
    return isinstance(cores, int) and busy > cores - 1 + CROWDED


def machine_of(profile: ProfileReport) -> dict[str, JsonValue]:
    """On which machine a profile was made."""
    told = {name: profile.environment.get(name) for name in MACHINE}
    if isinstance(told["gpu"], Mapping):
        told["gpu"] = told["gpu"].get("name")
    return told


def _more_failed(was: ReferenceLatency, prompts: int, now: GeneratorProfile, limits: Limits) -> str | None:
    rise = len(now.failed) / now.prompts - was.failed / prompts
    if rise <= limits.more_failed:
        return None
    return (
        f"{len(now.failed)} of {now.prompts} prompts failed, {was.failed} in the reference: {rise:.1%} more, tolerated "
        f"are {limits.more_failed:.1%}."
    )


def _reference_latency(told: GeneratorProfile, keys: list[str]) -> ReferenceLatency:
    assert told.quickest is not None
    wall, processor = told.quickest.wall, told.quickest.processor
    return ReferenceLatency(
        generator=told.generator,
        device=told.device,
        failed=len(told.failed),
        wall=[_positive(wall.get(key)) for key in keys],
        processor=[_positive(processor.get(key)) for key in keys],
    )


def _positive(seconds: float | None) -> float | None:
    """A clock of the processor may tell 0 for a program that does nothing but wait."""
    return rounded(seconds) if seconds else None


def _listed(values: list[Any]) -> str:
    return "[" + "\n    ".join(textwrap.wrap(", ".join(map(_json, values)), 110, break_long_words=False)) + "]"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)
