"""Two generators timed in turns, with the first one a second time as a control: differences that hold up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.profiling.calls import Call
from bench.profiling.ratios import claim, paired_ratio
from bench.profiling.single import Session
from bench.profiling.subject import Subject
from bench.profiling.timing import collect_between, garbage_kept
from reports.profiles import Comparison

FIRST, SECOND, CONTROL = range(3)
CALLS = 6
"""Calls for each prompt."""


def compared(first: Subject, second: Subject, session: Session) -> Comparison:
    """Time two warm generators in turns, A B A' A' B A on every prompt, A' being A itself.

    The quicker of each one's two calls makes the ratios B/A and A'/A, one pair for each prompt: the same prompt and
    seed are the same work, to which other processes only ever add. A'/A shows how much nothing at all differs here.
    The turns are a palindrome and begin with another one at each prompt, so that drift (a machine that warms up, a
    load that grows) favours nobody.
    """
    arms = (first, second, first)
    seconds: dict[str, dict[int, list[float]]] = {}
    failed: dict[str, str] = {}

    def each() -> Iterable[Call]:
        for number, prompt in enumerate(session.prompts):
            order = [(number + step) % 3 for step in range(3)]
            for arm in (*order, *reversed(order)):
                if prompt.key in failed:
                    break
                collect_between()
                call = arms[arm].call(prompt)
                if call.error is not None:
                    failed[prompt.key] = f"{arms[arm].name}: {call.error}"
                seconds.setdefault(prompt.key, {}).setdefault(arm, []).append(call.seconds)
                yield call
            session.machine.look()

    with garbage_kept():
        for _ in session.shown(each(), CALLS * len(session.prompts), f"{second.name} / {first.name}"):
            pass
    quickest = [
        {arm: min(pair) for arm, pair in by_arm.items()} for key, by_arm in seconds.items() if key not in failed
    ]
    known: dict[str, Any] = {
        "first": first.name,
        "second": second.name,
        "prompts": len(session.prompts),
        "failed": failed,
    }
    if not quickest:
        return Comparison(**known, reason="no prompt was narrated by both")
    ratios = [best[SECOND] / best[FIRST] for best in quickest]
    controls = [best[CONTROL] / best[FIRST] for best in quickest]
    ratio, control = paired_ratio(ratios), paired_ratio(controls)
    claimed, spread, reason = claim(ratio, control)
    return Comparison(
        **known,
        ratio=ratio,
        control=control,
        ratios=tuple(ratios),
        controls=tuple(controls),
        spread=spread,
        claim=claimed,
        reason=reason,
    )
