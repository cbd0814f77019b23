"""One profile from beginning to end: each generator by itself, two of them in turns, and the machine meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.environment import describe
from bench.profiling.interleaved import compared
from bench.profiling.single import Session, profiled
from bench.profiling.subject import Subject
from bench.workers.threads import single_thread
from reports.profiles import ProfileReport


def profile_report(subjects: Sequence[Subject], session: Session, prompts: dict[str, Any]) -> ProfileReport:
    """Profile generators on one thread each, as the harness runs them, and two of them against each other.

    Args:
        subjects: the generators.
        session: prompts and what is shared.
        prompts: where the prompts come from, for the record.
    """
    with single_thread():
        generators = tuple(profiled(subject, session) for subject in subjects)
        usable = all(profile.latency is not None for profile in generators)
        comparisons = compared(*subjects, session) if len(subjects) == 2 and usable else ()
    limits = session.limits
    machine = session.machine.seen().model_copy(update={"matmul": limits.matmul, "copy_rate": limits.copy})
    return ProfileReport(
        prompts=prompts,
        environment=describe(session.limits.device),
        machine=machine,
        generators=generators,
        comparisons=comparisons,
    )
