"""One generator, one prompt after another: latencies, stages, memory, work, and whether timing changed the output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.profiling.calls import Call
from bench.profiling.energy import EnergyMeter
from bench.profiling.inspection import OUTSIDE, Counted, inspected
from bench.profiling.limits import Limits
from bench.profiling.machine import MachineWatch
from bench.profiling.memory import Peaks
from bench.profiling.percentiles import DEFAULT, distribution
from bench.profiling.ratios import ratio_of_sums
from bench.profiling.subject import Subject
from bench.profiling.timing import collect_between, garbage_kept
from bench.profiling.warm_up import warmed_up
from narrator.contract import Prompt
from reports.profiles import GeneratorProfile, OutputCheck, Quantity, Quickest, Stage, Work

Scenario = Literal["single", "batch", "stream"]

CHECKED = 2
"""Prompts whose output is hashed while timed, and made again untimed."""
ELSEWHERE = "elsewhere"
"""The stage of what no mark of the generator holds."""


@dataclass
class Session:
    """What the profiles of one command share.

    Attributes:
        prompts: to time with.
        distinct: how many of them differ in more than their seed.
        scenario: what is asked of each generator.
        rounds: how often every prompt is timed.
        percents: percentiles that are told.
        limits: what each device can do at most, by its name.
        machine: looks at the machine meanwhile.
        shown: passes calls on and counts them for whoever waits.
    """

    prompts: Sequence[Prompt]
    distinct: int
    scenario: Scenario = "single"
    rounds: int = 1
    percents: Sequence[float] = DEFAULT
    limits: dict[str, Limits] = field(default_factory=dict)
    machine: MachineWatch = field(default_factory=MachineWatch)
    shown: Callable[[Iterable[Call], int, str], Iterable[Call]] = lambda calls, _total, _doing: calls


def profiled(subject: Subject, session: Session) -> GeneratorProfile:
    """Profile one generator; a prompt that it fails at is counted with its reason."""
    known: dict[str, Any] = {
        "generator": subject.name, "plugin": subject.choice.plugin, "options": dict(subject.choice.options),
        "scenario": session.scenario, "device": subject.device,
        "prompts": len(session.prompts), "distinct": session.distinct,
        "rounds": session.rounds,
    }  # fmt: skip
    warm, failed = warmed_up(subject.call, session.prompts, subject.build_seconds)
    if warm is None:
        return GeneratorProfile(**known, failed=failed)
    with garbage_kept():
        peaks, energy = Peaks(subject.device), EnergyMeter(subject.device)
        rounds, harness = _timed(subject, session)
        memory, joules = peaks.mib(), energy.joules(sum(map(len, rounds)))
    calls = rounds[0]
    done = [call for call in calls if call.error is None]
    known |= {
        "failed": {call.key: call.error for calls in rounds for call in calls if call.error is not None},
        "warm_up": warm,
        "description": dict(subject.generator.describe()),
        "memory_mib": memory,
        "harness_seconds": harness,
        "joules": joules,
    }
    if failed:
        known["notes"] = ("Calls failed while it warmed up: the cold start may hold less than all loading.",)
    if not done:
        return GeneratorProfile(**known)
    limits = session.limits.setdefault(subject.device, Limits(subject.device))
    first = next(prompt for prompt in session.prompts if prompt.key == done[0].key)
    looked, counts = inspected(lambda: subject.untimed(first), subject.device)
    return GeneratorProfile(
        **known,
        **_times(done, session.percents),
        quickest=quickest_of(rounds),
        stages=stages_of(done, counts if looked.error is None else {}),
        output=_checked(subject, session.prompts, calls),
        work=_work(counts if looked.error is None else {}, known["description"], done[0].seconds, limits),
    )


def _timed(subject: Subject, session: Session) -> tuple[list[list[Call]], float | None]:
    """Every prompt once in each round; the mean seconds per clip that the harness took, where nothing was hashed.

    Each round goes through all prompts, so that a prompt's calls are far apart and what disturbs the machine for a
    while meets few of them.
    """
    rounds: list[list[Call]] = [[] for _ in range(session.rounds)]
    own: list[float] = []

    def each() -> Iterable[Call]:
        for turn, calls in enumerate(rounds):
            for number, prompt in enumerate(session.prompts):
                hashed = not turn and number < CHECKED
                start, _ = subject.clock.read()
                collect_between()
                call = subject.call(prompt, digest=hashed)
                if not hashed and call.error is None:
                    own.append(subject.clock.read()[0] - start - call.seconds)
                session.machine.look()
                calls.append(call)
                yield call

    for _ in session.shown(each(), session.rounds * len(session.prompts), subject.name):
        pass
    return rounds, sum(own) / len(own) if own else None


def quickest_of(rounds: Sequence[Sequence[Call]]) -> Quickest | None:
    """The least seconds of each prompt that never failed; None where there is none."""
    turns = [calls for calls in zip(*rounds, strict=True) if all(call.error is None for call in calls)]
    if not turns:
        return None
    return Quickest(
        wall={calls[0].key: min(call.seconds for call in calls) for calls in turns},
        processor={calls[0].key: min(call.worked for call in calls) for calls in turns},
    )


def _times(done: Sequence[Call], percents: Sequence[float]) -> dict[str, Any]:
    """Everything that follows from the times of the calls."""
    seconds = [call.seconds for call in done]
    return {
        "keys": tuple(call.key for call in done),
        "latency": distribution(seconds, percents),
        "worked": distribution([call.worked for call in done], percents),
        "first_audio": distribution([call.first_audio for call in done], percents),
        "first_frame": distribution([call.first_frame for call in done], percents),
        "playable": distribution([call.playable for call in done], percents),
        "audio_rate": ratio_of_sums(seconds, [call.audio_seconds for call in done]),
        "video_rate": ratio_of_sums(seconds, [call.video_seconds for call in done]),
        "frames_per_second": ratio_of_sums([call.frames for call in done], seconds),
    }


def stages_of(done: Sequence[Call], counts: Mapping[str, Counted]) -> tuple[Stage, ...]:
    """Stages in the order in which the generator first entered them, and what lies outside of all of them."""
    total = sum(call.seconds for call in done)
    names = list(dict.fromkeys(name for call in done for name in call.stages))
    spent = {name: sum(call.stages.get(name, 0.0) for call in done) for name in names}
    stages = [_stage(name, seconds, total, len(done), counts.get(name)) for name, seconds in spent.items()]
    if names and (left := total - sum(spent.values())) > 0:
        stages.append(_stage(ELSEWHERE, left, total, len(done), counts.get(OUTSIDE)))
    return tuple(stages)


def _stage(name: str, seconds: float, total: float, clips: int, counted: Counted | None) -> Stage:
    operations = sum(counted.operations.values()) if counted else 0.0
    return Stage(
        name=name,
        seconds=seconds / clips,
        share=seconds / total if total > 0 else 0.0,
        calls=counted.calls if counted and counted.calls else None,
        memory_mib=counted.memory_mib if counted else {},
        operations=operations or None,
        bytes_moved=(counted.bytes_moved or None) if counted else None,
    )


def _checked(subject: Subject, prompts: Sequence[Prompt], calls: Sequence[Call]) -> OutputCheck:
    """Make again, untimed, what was hashed while it was timed."""
    timed = {call.key: call.digest for call in calls if call.digest}
    again = {prompt.key: subject.untimed(prompt).digest for prompt in prompts if prompt.key in timed}
    return OutputCheck(compared=len(timed), different=tuple(key for key in timed if timed[key] != again[key]))


def _work(counts: Mapping[str, Counted], description: Mapping[str, Any], seconds: float, limits: Limits) -> Work:
    """Operations, bytes and parameters, and how far the clip is from the limits that were measured here."""
    operations: dict[str, float] = {}
    for counted in counts.values():
        for dtype, count in counted.operations.items():
            operations[dtype] = operations.get(dtype, 0.0) + count
    moved = sum(counted.bytes_moved for counted in counts.values())
    parameters = description.get("parameters")
    told = sum(parameters.values()) if isinstance(parameters, Mapping) else parameters
    unseen = "no operation of PyTorch was seen: what other libraries and programs compute is not counted"
    compiled = "no product, convolution or attention of PyTorch was seen outside compiled code"
    arithmetic = limits.arithmetic_seconds(operations) / seconds if operations and seconds > 0 else None
    memory = limits.memory_seconds(moved) / seconds if moved and seconds > 0 else None
    return Work(
        operations=_quantity(sum(operations.values()) or None, compiled if moved else unseen),
        bytes_moved=_quantity(moved or None, unseen),
        parameters=_quantity(told if isinstance(told, int | float) else None, "the generator does not describe any"),
        arithmetic_share=_quantity(arithmetic, compiled if moved else unseen),
        memory_share=_quantity(memory, unseen),
    )


def _quantity(value: float | None, missing: str) -> Quantity:
    return Quantity(missing=missing) if value is None else Quantity(value=value)
