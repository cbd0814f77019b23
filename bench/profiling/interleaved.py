"""Two generators timed in turns, with the first one a second time as a control: differences that hold up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from bench.profiling.calls import Call
from bench.profiling.ratios import claim, paired_ratio
from bench.profiling.single import Session
from bench.profiling.subject import Subject
from bench.profiling.timing import collect_between, garbage_kept
from reports.profiles import Comparison

FIRST, SECOND, CONTROL = range(3)
CALLS = 6
"""Calls for each prompt."""

Turns = Sequence[Mapping[int, Sequence[Call]]]
"""The calls on each prompt that nobody failed at, by whose turn it was."""


def compared(first: Subject, second: Subject, session: Session) -> tuple[Comparison, ...]:
    """Time two warm generators in turns, A B A' A' B A on every prompt, A' being A itself.

    The quicker of each one's two calls makes the ratios B/A and A'/A, one pair for each prompt: the same prompt and
    seed are the same work, to which other processes only ever add. A'/A shows how much nothing at all differs here.
    The turns are a palindrome and begin with another one at each prompt, so that drift (a machine that warms up, a
    load that grows) favours nobody.

    Returns:
        the comparison by the clock on the wall and, of what runs on processors, by the seconds that they computed.
    """
    turns, failed = _turns(first, second, session)
    known: dict[str, Any] = {
        "first": first.name,
        "second": second.name,
        "prompts": len(session.prompts),
        "failed": failed,
    }
    clocks: list[Literal["wall", "processor"]] = ["wall"]
    if not any(subject.device.startswith("cuda") for subject in (first, second)):
        clocks.append("processor")
    return tuple(Comparison(**known, clock=clock, **_ratios(turns, clock)) for clock in clocks)


def _turns(first: Subject, second: Subject, session: Session) -> tuple[Turns, dict[str, str]]:
    arms = (first, second, first)
    turns: dict[str, dict[int, list[Call]]] = {}
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
                turns.setdefault(prompt.key, {}).setdefault(arm, []).append(call)
                yield call
            session.machine.look()

    with garbage_kept():
        for _ in session.shown(each(), CALLS * len(session.prompts), f"{second.name} / {first.name}"):
            pass
    return [by_arm for key, by_arm in turns.items() if key not in failed], failed


def _ratios(turns: Turns, clock: Literal["wall", "processor"]) -> dict[str, Any]:
    """Ratios, control and claim by one clock."""
    if not turns:
        return {"reason": "no prompt was narrated by both"}
    quickest = [
        {arm: min(call.seconds if clock == "wall" else call.worked for call in calls) for arm, calls in turn.items()}
        for turn in turns
    ]
    if not all(best[FIRST] > 0 for best in quickest):
        return {"reason": "calls too short for this clock"}
    ratios = [best[SECOND] / best[FIRST] for best in quickest]
    controls = [best[CONTROL] / best[FIRST] for best in quickest]
    ratio, control = paired_ratio(ratios), paired_ratio(controls)
    claimed, spread, reason = claim(ratio, control)
    return {
        "ratio": ratio, "control": control, "ratios": tuple(ratios), "controls": tuple(controls),
        "spread": spread, "claim": claimed, "reason": reason,
    }  # fmt: skip
