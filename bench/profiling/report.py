"""One profile from beginning to end: each generator by itself, two of them in turns, and the machine meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench import fingerprint
from bench.choice import Choice
from bench.environment import describe
from bench.profiling.batch import batches
from bench.profiling.calls import Call
from bench.profiling.growth import Variation, grown
from bench.profiling.interleaved import compared
from bench.profiling.machine import MachineWatch
from bench.profiling.prompts import prompts_of
from bench.profiling.single import Session, profiled
from bench.profiling.subject import Subject
from bench.profiling.trace import traced
from bench.study import DatasetChoice
from bench.workers.threads import single_thread
from reports.profiles import ProfileReport


def session_of(
    dataset: DatasetChoice,
    count: int,
    seed: int,
    device: str,
    shown: Callable[[Iterable[Call], int, str], Iterable[Call]],
    **fields: Any,
) -> tuple[Session, dict[str, Any]]:
    """A session with so many prompts of a dataset, and where they come from, for the record.

    Args:
        device: the one that is looked at meanwhile.
        shown: passes calls on and counts them for whoever waits.
        fields: of the session.
    """
    prompts, distinct = prompts_of(dataset, count, seed) if count else ([], 0)
    hashed = fingerprint.of_json([fingerprint.of_prompt(prompt) for prompt in prompts])
    told = {"dataset": dataset.name, "count": count, "distinct": distinct, "seed": seed, "hash": hashed}
    return Session(prompts, distinct, machine=MachineWatch(device), shown=shown, **fields), told


def write_traces(subjects: Sequence[Subject], session: Session, folder: Path) -> list[Path]:
    """A trace of the first prompt for each generator, in files of their names."""
    written = []
    with single_thread():
        for subject in subjects:
            path = folder / f"{subject.name}.json"
            traced(functools.partial(subject.untimed, session.prompts[0]), path, subject.device)
            written.append(path)
    return written


def profile_report(
    subjects: Sequence[Subject],
    session: Session,
    prompts: dict[str, Any],
    variations: Sequence[Variation],
    build: Callable[[Choice], Subject],
) -> ProfileReport:
    """Profile generators on one thread each, as the harness runs them, and two of them against each other.

    Args:
        subjects: the generators.
        session: prompts and what is shared.
        prompts: where the prompts come from, for the record.
        variations: what each of them is varied in.
        build: a generator with other options.
    """

    def at(subject: Subject, option: str, level: float) -> Subject:
        return build(subject.choice.model_copy(update={"options": {**subject.choice.options, option: level}}))

    with single_thread():
        generators = tuple(profiled(subject, session) for subject in subjects)
        usable = all(profile.latency is not None for profile in generators)
        comparisons = compared(subjects[0], subjects[1], session) if len(subjects) == 2 and usable else ()
        batched = tuple(
            batch for subject in subjects if session.scenario == "batch" for batch in batches(subject, session)
        )
        growth = tuple(
            grown(subject, functools.partial(at, subject, variation.over), variation, session)
            for subject in subjects
            for variation in variations
        )
    limits = session.limits.values()
    rates = {
        "matmul": {f"{kind} on {limit.device}": rate for limit in limits for kind, rate in limit.matmul.items()},
        "copy_rate": {limit.device: limit.copy for limit in limits if limit.copy is not None},
    }
    machine = session.machine.seen().model_copy(update=rates)
    return ProfileReport(
        prompts=prompts,
        environment=describe(subjects[0].device if subjects else "cpu") | {"threads": 1},
        machine=machine,
        generators=generators,
        comparisons=comparisons,
        growth=growth,
        batches=batched,
    )
