"""Warming up: the same prompt until the time no longer falls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from bench.profiling.calls import Call
from bench.profiling.timing import collect_between
from narrator.contract import Prompt
from reports.profiles import WarmUp

AGREEING = 3
"""The last calls that have to agree."""
TOLERANCE = 0.05
"""They agree where the largest is at most this share above the smallest."""
MOST_CALLS = 10
MOST_SECONDS = 120.0
TRIED = 3
"""Prompts that may fail, and no other be narrated, before a generator is taken to fail always."""


def warmed_up(
    call: Callable[[Prompt], Call], prompts: Sequence[Prompt], build_seconds: float
) -> tuple[WarmUp | None, dict[str, str]]:
    """Call until the last three times agree within 5 %, at most ten times or for two minutes; the cold start is apart.

    The first prompt is used, or the first that can be narrated. Even where two minutes are over at once, one call
    follows the cold one. What does not become stable is timed all the same, and the record says so: on a machine that
    others use, calls may never agree.

    Returns:
        what it took, None where the first three prompts all failed; and the reasons of the prompts that failed.
    """
    seconds: list[float] = []
    failed: dict[str, str] = {}
    place = 0
    for _ in range(1 + MOST_CALLS):
        collect_between()
        told = call(prompts[place])
        if told.error is None:
            seconds.append(told.seconds)
        else:
            failed[told.key] = told.error
            if not seconds:
                place += 1
                if place == min(TRIED, len(prompts)):
                    return None, failed
        warm = seconds[1:]
        if warm and (_spread(warm) <= TOLERANCE or sum(warm) + median(warm) > MOST_SECONDS):
            break
    warm, spread = seconds[1:], _spread(seconds[1:])
    return (
        WarmUp(
            build_seconds=build_seconds,
            cold_seconds=seconds[0],
            seconds=tuple(warm),
            stable=spread <= TOLERANCE,
            spread=None if spread == float("inf") else spread,
        ),
        failed,
    )


def _spread(seconds: Sequence[float]) -> float:
    last = seconds[-AGREEING:]
    if len(last) < AGREEING or min(last) <= 0:
        return float("inf")
    return max(last) / min(last) - 1
