"""Progress of work, told to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Step:
    """What one result means: how many items are done, and how many of those failed."""

    items: int = 1
    failed: int = 0


class Progress(Protocol):
    """Shows progress: passes results through while it counts them, each one item where `step` says nothing else."""

    def __call__(
        self, results: Iterable[Result], total: int, doing: str, step: Callable[[Result], Step] | None = None, /
    ) -> Iterable[Result]: ...
