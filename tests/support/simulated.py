"""A clock that only moves when it is told to, and generators that take exactly as long as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.choice import Choice
from bench.profiling.single import Session
from bench.profiling.subject import Subject
from bench.profiling.timing import DeviceClock
from narrator.contract import GenerationFailed, Narration, Prompt, Voice

Duration = Callable[[int, Prompt], float]
"""Seconds of the n-th call of a generator."""


@dataclass
class SimulatedClock:
    """Seconds that pass by `pass_by` alone."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Simulated:
    """Speaks in `speech`, then draws `chunks` of 25 frames in `drawing` each; one second of clip for each chunk."""

    clock: SimulatedClock
    speech: Duration = lambda number, prompt: 0.2
    drawing: Duration = lambda number, prompt: 0.4
    chunks: int = 2
    fails: Callable[[int, Prompt], bool] = lambda number, prompt: False
    forgetful: bool = False
    name: str = "simulated"
    calls: list[str] = field(default_factory=list)

    def __call__(self, prompt: Prompt) -> Narration:
        number = len(self.calls)
        self.calls.append(prompt.key)
        if self.fails(number, prompt):
            raise GenerationFailed("it had to fail")
        seconds = {"speech": self.speech(number, prompt), "drawing": 0.0}
        self.clock.pass_by(seconds["speech"])

        def frames() -> Iterator[NDArray[np.uint8]]:
            for _ in range(self.chunks):
                took = self.drawing(number, prompt)
                seconds["drawing"] += took
                self.clock.pass_by(took)
                yield np.full((25, 4, 6, 3), prompt.seed % 256 if not self.forgetful else number % 256, np.uint8)

        return Narration(frames(), 25.0, np.zeros(16000 * self.chunks, np.float32), 16000, seconds)

    def describe(self) -> Mapping[str, Any]:
        return {"parameters": {"speech": 3, "drawing": 4}}

    def subject(self, name: str = "simulated") -> Subject:
        """Itself as the profiler sees it."""
        choice = Choice(name=name, plugin="simulated")
        return Subject(choice, self, build_seconds=0.5, clock=DeviceClock(now=self.clock, worked=self.clock))


def session(count: int, **fields: Any) -> Session:
    """A session of made-up prompts."""
    voice, image = Voice(np.zeros(16000, np.float32), 16000), np.zeros((4, 6, 3), np.uint8)
    return Session([Prompt(f"p{i}", f"text {i}", image, voice, seed=i) for i in range(count)], count, **fields)
