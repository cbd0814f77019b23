"""Who does the work: processes of this machine, or those of a cluster; what is done is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Needs:
    """What a task asks of the worker that does it.

    Attributes:
        gpu: whether it computes on a GPU.
        memory: bytes of main memory, 0 where nobody knows.
    """

    gpu: bool = False
    memory: int = 0


class Crew(Protocol):
    """Spreads tasks over workers."""

    @property
    def workers(self) -> int:
        """How many tasks are done at once."""
        ...

    def spread(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        worthwhile: int = 1,
        lost: Callable[[Task], Result] | None = None,
        needs: Callable[[Task], Needs] | None = None,
    ) -> Iterator[Result]:
        """Results of `function` over the tasks, as they come; see `bench.workers.pool.WorkerPool.spread`.

        Args:
            needs: what a task asks of its worker; nothing in particular unless told.
        """
        ...
