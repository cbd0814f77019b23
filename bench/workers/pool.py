"""Work spread over processes; every process computes with one thread, so 1 and N workers give the same numbers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from bench.errors import UserMistake
from bench.workers.threads import THREAD_VARIABLES, single_thread

Task = TypeVar("Task")
Result = TypeVar("Result")

LOSSES = 2
"""So many times in a row a pool may lose a worker before its tasks are done one by one, to find the one that kills."""


def default_workers() -> int:
    """One worker for each core this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerPool:
    """Worker processes that start with the first work there is for several, and stay until the `with` block ends.

    They end with this process however it ends, also by SIGKILL.

    Attributes:
        workers: how many processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._executor is None:
            return
        if kind is not None:  # an interrupt must not wait for tasks that take minutes
            for process in list((self._executor._processes or {}).values()):
                process.kill()
        self._executor.shutdown(cancel_futures=True)

    def spread(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        worthwhile: int = 1,
        lost: Callable[[Task], Result] | None = None,
    ) -> Iterator[Result]:
        """Results of `function` over the tasks, as they come; in this process when one worker suffices.

        A worker that is killed from outside is replaced, and tasks without a result are done again. A task that kills
        its worker whenever it is done, for instance for lack of memory, is lost.

        Args:
            worthwhile: up to so many tasks no processes are started, which takes seconds; running ones are used.
            lost: the result of a task that is lost.

        Raises:
            UserMistake: a task is lost, and there is no `lost`.
        """
        started = self._executor is not None
        if min(self.workers, len(tasks)) <= 1 or not (started or len(tasks) > worthwhile):
            for task in tasks:
                with single_thread():
                    result = function(task)
                yield result
            return
        left = dict(enumerate(tasks))
        losses = 0
        while left:
            together = left if losses < LOSSES else dict([next(iter(left.items()))])
            finished = 0
            try:
                for place, result in self._results(function, together):
                    del left[place]
                    finished += 1
                    yield result
            except BrokenProcessPool as error:
                self._executor = None
                losses = 1 if finished else losses + 1
                if len(together) == 1 and losses > LOSSES:
                    if lost is None:
                        raise UserMistake(
                            "A worker process is killed again and again, most likely for lack of memory; what is done "
                            f"is kept: run the same command again with fewer --workers than {self.workers}."
                        ) from error
                    yield lost(left.pop(next(iter(together))))

    def _results(self, function: Callable[[Task], Result], tasks: Mapping[int, Task]) -> Iterator[tuple[int, Result]]:
        self._executor = self._executor or _started(self.workers)
        futures = dict(zip(_submitted(self._executor, function, list(tasks.values())), tasks, strict=True))
        for future in as_completed(futures):
            yield futures[future], future.result()


def spread(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """As `WorkerPool.spread`, with a pool for these tasks only."""
    with WorkerPool(workers) as pool:
        yield from pool.spread(function, tasks)


def _started(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)


def _submitted(
    executor: ProcessPoolExecutor, function: Callable[[Task], Result], tasks: Sequence[Task]
) -> list[Future[Result]]:
    """The tasks' futures; processes start here, with one thread each and deaf to Ctrl-C, which this process answers."""
    with _environment(dict.fromkeys(THREAD_VARIABLES, "1")), _interrupts_ignored():
        return [executor.submit(function, task) for task in tasks]


_FOR_LIFE = ExitStack()
"""What a worker enters and never leaves."""


def _prepare_worker() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _FOR_LIFE.enter_context(single_thread())


def _end_with_parent() -> None:
    """A worker whose parent was killed would otherwise wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Environment variables that children inherit before they import their libraries, as they were afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Children that start in the block inherit that SIGINT is ignored, from their first instruction on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
