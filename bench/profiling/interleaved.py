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
"""Calls of a block."""

Blocks = Sequence[Mapping[int, Sequence[Call]]]
"""The calls of each block on a prompt that nobody failed at, by whose turn it was."""


def compared(first: Subject, second: Subject, session: Session) -> tuple[Comparison, ...]:
    """Time two warm generators in turns, in blocks A B A' A' B A on every prompt and in every round, A' being A itself.

    A block makes one pair of ratios, B/A and A'/A, of the quicker one of each one's two calls: the same prompt and seed
    are the same work, to which other processes only ever add. A block is a palindrome, so that a drift within it
    favours nobody, and begins with another one each time. A'/A shows how much nothing at all differs here. More rounds
    are more blocks and not more calls to take the quickest of: the quickest of many is a matter of chance itself, while
    many blocks narrow the interval as their square root (figures in `docs/profile.md`).

    Returns:
        the comparison by the clock on the wall and, of what runs on processors, by the seconds that they computed.
    """
    blocks, failed = _blocks(first, second, session)
    known: dict[str, Any] = {
        "first": first.name,
        "second": second.name,
        "prompts": len(session.prompts),
        "failed": failed,
    }
    clocks: list[Literal["wall", "processor"]] = ["wall"]
    if not any(subject.device.startswith("cuda") for subject in (first, second)):
        clocks.append("processor")
    return tuple(Comparison(**known, clock=clock, **_ratios(blocks, clock)) for clock in clocks)


def _blocks(first: Subject, second: Subject, session: Session) -> tuple[Blocks, dict[str, str]]:
    arms = (first, second, first)
    prompts = [prompt for _ in range(session.rounds) for prompt in session.prompts]
    blocks: list[tuple[str, dict[int, list[Call]]]] = []
    failed: dict[str, str] = {}

    def each() -> Iterable[Call]:
        for number, prompt in enumerate(prompts):
            order = [(number + step) % 3 for step in range(3)]
            block: dict[int, list[Call]] = {}
            for arm in (*order, *reversed(order)):
                if prompt.key in failed:
                    break
                collect_between()
                call = arms[arm].call(prompt)
                if call.error is not None:
                    failed[prompt.key] = f"{arms[arm].name}: {call.error}"
                block.setdefault(arm, []).append(call)
                yield call
            blocks.append((prompt.key, block))
            session.machine.look()

    with garbage_kept():
        for _ in session.shown(each(), CALLS * len(prompts), f"{second.name} / {first.name}"):
            pass
    return [block for key, block in blocks if key not in failed], failed


def _ratios(blocks: Blocks, clock: Literal["wall", "processor"]) -> dict[str, Any]:
    """Ratios, control and claim by one clock."""
    if not blocks:
        return {"reason": "no prompt was narrated by both"}
    quicker = [
        {arm: min(call.seconds if clock == "wall" else call.worked for call in calls) for arm, calls in block.items()}
        for block in blocks
    ]
    if not all(min(block.values()) > 0 for block in quicker):
        return {"reason": "calls too short for this clock"}
    ratios = [block[SECOND] / block[FIRST] for block in quicker]
    controls = [block[CONTROL] / block[FIRST] for block in quicker]
    ratio, control = paired_ratio(ratios), paired_ratio(controls)
    claimed, spread, reason = claim(ratio, control)
    return {
        "ratio": ratio, "control": control, "ratios": tuple(ratios), "controls": tuple(controls),
        "spread": spread, "claim": claimed, "reason": reason,
    }  # fmt: skip
