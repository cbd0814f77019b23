"""What measuring took, by metric: what an estimate of the rest is made from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from bench.scoring.length import Length
from bench.scoring.trace import Trace
from metrics.base.metric import ClipMetric

Found = TypeVar("Found")
PASS = "decode pass"
"""The name under which whole passes over clips are counted, with the metrics that drew on them."""


def clip_work(metric: ClipMetric | Length | Trace) -> str:
    """What a metric's statistics of one clip are called; metrics that share them share the name."""
    return metric.name if isinstance(metric, Length | Trace) else metric.statistics_kind


def pair_work(metric: ClipMetric) -> str:
    """What a metric's comparison of one pair is called."""
    return f"{metric.name} of a pair"


@dataclass
class Spent:
    """How often each kind of work was done, and the seconds that it took altogether."""

    times: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, other: Spent) -> None:
        """Count what another one says as well."""
        for work, times in other.times.items():
            self.count(work, times)
        for work, seconds in other.seconds.items():
            self.seconds[work] = self.seconds.get(work, 0.0) + seconds

    def count(self, work: str, times: int = 1) -> None:
        """Count work that was done."""
        self.times[work] = self.times.get(work, 0) + times

    @contextmanager
    def clocked(self, work: str) -> Iterator[None]:
        """Add the seconds that the block takes."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[work] = self.seconds.get(work, 0.0) + time.perf_counter() - start

    def clocking(self, work: str, function: Callable[[], Found]) -> Callable[[], Found]:
        """The function, clocked whenever it is called."""

        def clocked() -> Found:
            with self.clocked(work):
                return function()

        return clocked

    def mean(self, work: str) -> float | None:
        """Seconds that this work takes once; None where nobody knows."""
        times = self.times.get(work, 0)
        return self.seconds.get(work, 0.0) / times if times else None

    def decoding(self) -> float | None:
        """Seconds that a pass over a clip takes beside what its metrics do; None where nobody knows."""
        passes = self.times.get(PASS, 0)
        inside = sum(
            seconds for work, seconds in self.seconds.items() if work != PASS and not work.endswith(" of a pair")
        )
        return max(0.0, self.seconds.get(PASS, 0.0) - inside) / passes if passes else None
