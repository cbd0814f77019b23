"""Progress of work, told to whoever shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Progress(Protocol):
    """Shows progress: passes results through while it counts them."""

    def __call__(self, results: Iterable[Result], total: int, doing: str) -> Iterable[Result]: ...
