"""One profile from beginning to end: each generator by itself, two of them in turns, and the machine meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from bench.choice import Choice
from bench.environment import describe
from bench.profiling.growth import Variation, grown
from bench.profiling.interleaved import compared
from bench.profiling.single import Session, profiled
from bench.profiling.subject import Subject
from bench.workers.threads import single_thread
from reports.profiles import ProfileReport


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
        comparisons = compared(*subjects, session) if len(subjects) == 2 and usable else ()
        growth = tuple(
            grown(subject, functools.partial(at, subject, variation.over), variation, session)
            for subject in subjects
            for variation in variations
        )
    limits = session.limits
    machine = session.machine.seen().model_copy(update={"matmul": limits.matmul, "copy_rate": limits.copy})
    return ProfileReport(
        prompts=prompts,
        environment=describe(session.limits.device),
        machine=machine,
        generators=generators,
        comparisons=comparisons,
        growth=growth,
    )
