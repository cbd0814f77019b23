"""Planted slowdowns under simulated noise: a tenth is claimed, a hundredth is not, drift is no difference."""

from __future__ import annotations

import numpy as np
import pytest
from support.simulated import Simulated, SimulatedClock, session

from bench.profiling.interleaved import CALLS, compared
from reports.profiles import Comparison


def planted(slowdown: float, seed: int, noise: float = 0.03, drift: float = 0.0, prompts: int = 8) -> Comparison:
    """Compare with one that takes `slowdown` times as long, on a machine that now and then takes half as long again."""
    random = np.random.default_rng(seed)
    clock = SimulatedClock()

    def taking(factor: float):  # type: ignore[no-untyped-def]
        def seconds(number, prompt):  # type: ignore[no-untyped-def]
            disturbed = 1.5 if random.random() < 0.05 else 1.0
            work = 1 + int(prompt.key[1:]) / 4  # prompts differ much more than generators do
            return factor * work * disturbed * float(np.exp(random.normal(0, noise))) * (1 + drift * clock.seconds)

        return seconds

    first = Simulated(clock, speech=taking(1.0), drawing=lambda n, p: 0.0).subject("first")
    second = Simulated(clock, speech=taking(slowdown), drawing=lambda n, p: 0.0).subject("second")
    return compared(first, second, session(prompts))[0]


def test_a_tenth_is_claimed_and_a_hundredth_is_not() -> None:
    tenth = [planted(1.10, seed, noise=0.01).claim for seed in range(30)]
    assert tenth.count("slower") >= 28
    assert "faster" not in tenth
    assert [planted(1.01, seed, noise=0.01).claim for seed in range(30)].count(None) >= 29
    assert {planted(1.0, seed).claim for seed in range(30)} == {None}
    assert planted(1 / 1.2, 0, noise=0.01).claim == "faster"


def test_drift_is_no_difference() -> None:
    told = planted(1.0, 0, noise=0.0, drift=0.002)
    assert told.ratio is not None
    assert told.ratio.value == pytest.approx(1.0, abs=0.01)


def test_turns_are_palindromes_that_begin_with_each_in_turn() -> None:
    clock = SimulatedClock()
    log: list[str] = []
    made = []
    for name in ("A", "B"):
        generator = Simulated(clock, speech=lambda n, p, name=name: log.append(name) or 1.0)  # type: ignore[misc,func-returns-value]
        made.append(generator.subject(name))
    told, processor = compared(*made, session(3))
    assert "".join(log) == "ABAABA" + "BAAAAB" + "AABBAA"
    assert len(log) == 3 * CALLS
    assert told.reason is not None
    assert (told.clock, processor.clock) == ("wall", "processor")
    assert told.ratios == pytest.approx((1.0, 1.0, 1.0))


def test_a_prompt_that_one_fails_at_is_left_out_with_the_reason() -> None:
    clock = SimulatedClock()
    first = Simulated(clock).subject("first")
    second = Simulated(clock, fails=lambda n, prompt: prompt.key == "p2").subject("second")
    told, _ = compared(first, second, session(7))
    assert told.failed == {"p2": "second: it had to fail"}
    assert len(told.ratios) == 6
    never = Simulated(clock, fails=lambda n, p: True).subject("never")
    assert [told.ratio for told in compared(first, never, session(2))] == [None, None]
