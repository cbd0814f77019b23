"""Processor time by stage of code that was written without clocks."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any


class Clock:
    """Processor seconds by stage; what a stage calls that has a stage of its own is counted there."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._running = ["harness"]
        self._since = time.process_time()

    def __str__(self) -> str:
        self._turn()
        total = sum(self.seconds.values())
        return ", ".join(f"{name} {s:.1f} s ({s / total:.1%})" for name, s in self.seconds.most_common())

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def times(self, owner: Any, name: str, stage: str) -> None:
        """Charge what a function does, or what a generator does between two items, to a stage."""
        function = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            with self.stage(stage):
                made = function(*arguments, **options)
            return self._stepped(made, stage) if inspect.isgenerator(made) else made

        setattr(owner, name, timed)

    def _stepped(self, items: Iterator[Any], stage: str) -> Iterator[Any]:
        while True:
            with self.stage(stage):
                item = next(items, None)
            if item is None:
                return
            yield item

    def _turn(self) -> None:
        now = time.process_time()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now
