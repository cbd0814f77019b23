"""Warming up: the same prompt until the time no longer falls."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from bench.profiling.calls import Call
from bench.profiling.timing import collect_between
from reports.profiles import WarmUp

AGREEING = 3
"""The last calls that have to agree."""
TOLERANCE = 0.05
"""They agree where the largest is at most this share above the smallest."""
MOST_CALLS = 10
MOST_SECONDS = 120.0


def warmed_up(call: Callable[[], Call], build_seconds: float) -> tuple[WarmUp, Call | None]:
    """Call until the last three times agree within 5 %, at most ten times or for two minutes; the cold start is apart.

    Even where two minutes are over at once, one call follows the cold one. What does not become stable is timed all
    the same, and the record says so: on a machine that others use, calls may never agree.

    Returns:
        what it took, and the call that failed, if one did.
    """
    cold = call()
    if cold.error is not None:
        return WarmUp(build_seconds=build_seconds, cold_seconds=cold.seconds, stable=False), cold
    seconds: list[float] = []
    while len(seconds) < MOST_CALLS and (not seconds or sum(seconds) + median(seconds) <= MOST_SECONDS):
        collect_between()
        warm = call()
        if warm.error is not None:
            return WarmUp(build_seconds=build_seconds, cold_seconds=cold.seconds, stable=False), warm
        seconds.append(warm.seconds)
        if _spread(seconds) <= TOLERANCE:
            break
    spread = _spread(seconds)
    return (
        WarmUp(
            build_seconds=build_seconds,
            cold_seconds=cold.seconds,
            seconds=tuple(seconds),
            stable=spread <= TOLERANCE,
            spread=None if spread == float("inf") else spread,
        ),
        None,
    )


def _spread(seconds: list[float]) -> float:
    last = seconds[-AGREEING:]
    if len(last) < AGREEING or min(last) <= 0:
        return float("inf")
    return max(last) / min(last) - 1
