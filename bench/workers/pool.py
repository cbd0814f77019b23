"""Work spread over processes; every process computes with one thread, so 1 and N workers give the same numbers.

The standard library's executors cannot tell which task a lost worker had, give up all others, and may wait for ever
when a worker is killed while it holds a lock that all share. Here every worker has a pipe of its own and no lock.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any, TypeVar

from bench.errors import UserMistake
from bench.workers.crew import Needs
from bench.workers.threads import THREAD_VARIABLES, single_thread

Task = TypeVar("Task")
Result = TypeVar("Result")

DEATHS = 2
"""Workers that one task may cost before it is lost."""
_GONE = (EOFError, ConnectionError, BrokenPipeError)
_LONGEST_FOLDER = 70
"""Bytes of the folder of temporary files; a socket lies below it, whose path has room for 107."""


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
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, tuple[_Worker, int]] = {}

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.end(at_once=kind is not None)
        self._idle, self._busy = [], {}

    def spread(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        worthwhile: int = 1,
        lost: Callable[[Task], Result] | None = None,
        needs: Callable[[Task], Needs] | None = None,
    ) -> Iterator[Result]:
        """Results of `function` over the tasks, as they come; in this process when one worker suffices.

        A worker that is killed from outside is replaced and its task done again. A task that kills every worker that
        does it, for instance for lack of memory, is lost.

        Args:
            worthwhile: up to so many tasks no processes are started, which takes seconds; running ones are used.
            lost: the result of a task that is lost.
            needs: says nothing here, for every worker has what this machine has.

        Raises:
            UserMistake: a task is lost, and there is no `lost`.
        """
        if min(self.workers, len(tasks)) <= 1 or not (self._idle or len(tasks) > worthwhile):
            for task in tasks:
                with single_thread():
                    result = function(task)
                yield result
            return
        queue, deaths = deque(range(len(tasks))), Counter[int]()
        try:
            while queue or self._busy:
                while queue and len(self._busy) < self.workers:
                    self._hand_over(function, tasks, queue)
                for place, finished, value in self._outcomes():
                    if finished:
                        yield value
                        continue
                    deaths[place] += 1
                    if deaths[place] < DEATHS:
                        queue.appendleft(place)
                    elif lost:
                        yield lost(tasks[place])
                    else:
                        raise self._killed_again()
        finally:  # tasks that are still done when nobody waits for them any more
            for worker, _ in self._busy.values():
                worker.end(at_once=True)
            self._busy = {}

    def _hand_over(self, function: Callable[[Task], Any], tasks: Sequence[Task], queue: deque[int]) -> None:
        """Give the next task to an idle worker, or to a new one."""
        worker = self._idle.pop() if self._idle else self._started()
        try:
            worker.connection.send((function, tasks[queue[0]]))
        except _GONE:  # it was killed while it had nothing to do
            worker.end(at_once=True)
            return
        self._busy[worker.connection] = worker, queue.popleft()

    def _started(self) -> _Worker:
        """A new worker."""
        for _ in range(DEATHS):
            with contextlib.suppress(*_GONE):
                return _Worker()
            time.sleep(0.5)  # the server that forks workers was killed; once it is gone, another one starts
        raise self._killed_again()

    def _killed_again(self) -> UserMistake:
        return UserMistake(
            "A worker process is killed again and again, most likely for lack of memory; what is done is kept: run "
            f"the same command again with fewer --workers than {self.workers}."
        )

    def _outcomes(self) -> Iterator[tuple[int, bool, Any]]:
        """The next results: the task's place, whether it was finished, and what it gave."""
        for connection in wait(list(self._busy)):
            assert isinstance(connection, Connection)
            worker, place = self._busy.pop(connection)
            try:
                result, error, told = connection.recv()
            except _GONE:
                worker.end(at_once=True)
                yield place, False, None
                continue
            self._idle.append(worker)
            if error is not None:
                raise error from InWorker(told)
            yield place, True, result


def spread(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """As `WorkerPool.spread`, with a pool for these tasks only."""
    with WorkerPool(workers) as pool:
        yield from pool.spread(function, tasks)


class InWorker(Exception):
    """Where in a worker an error came from."""


class _Worker:
    """A process and the pipe to it."""

    def __init__(self) -> None:
        context = _context()
        self.connection, end_of_worker = context.Pipe()
        with _environment(dict.fromkeys(THREAD_VARIABLES, "1")):
            self._process = context.Process(target=serve, args=(end_of_worker, dict(os.environ)), daemon=True)
            with _interrupts_ignored():
                if isinstance(context, SpawnContext):
                    self._process.start()
                else:
                    context.set_forkserver_preload(["bench.workers.preloaded"])
                    forkserver.ensure_running()
            if not isinstance(context, SpawnContext):
                self._process.start()  # waits until the server has done its imports; Ctrl-C may end that
        end_of_worker.close()

    def end(self, at_once: bool) -> None:
        """Let it end after its work, or kill it; return when it is gone."""
        if at_once:
            self._process.kill()
        self.connection.close()
        self._process.join()


def _context() -> ForkServerContext | SpawnContext:
    """How workers start: forked from a server that has the heavy imports done and computes nothing.

    A fork of this process would copy its threads' locks and its CUDA context. Where the server's socket would have too
    long a path, each worker imports for itself.
    """
    if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_FOLDER:
        return multiprocessing.get_context("spawn")
    return multiprocessing.get_context("forkserver")


def serve(connection: Connection, environment: dict[str, str]) -> None:
    """A worker's life: (function, task) in, (result, error, traceback) out, until the other end is closed."""
    os.environ.clear()  # the server's is as old as the first pool
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with single_thread(), contextlib.suppress(*_GONE):
        while True:
            function, task = connection.recv()
            try:
                outcome: tuple[Any, BaseException | None, str] = function(task), None, ""
            except BaseException as error:  # the other end raises it
                outcome = None, _picklable(error), f"\n{traceback.format_exc()}"
            connection.send(outcome)


def _picklable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # some exceptions cannot be built from their arguments
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """A worker whose parent was killed would otherwise finish its task first, which may take minutes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
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


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Children that start in the block ignore SIGINT from their first instruction on: this process answers it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
