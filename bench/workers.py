"""Work spread over processes; every process computes with one thread, so 1 and N workers give the same numbers."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bench import fingerprint
from bench.mistakes import UserMistake

Task = TypeVar("Task")
Result = TypeVar("Result")

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Watch(Protocol):
    """Shows progress: passes results through while it counts them."""

    def __call__(self, results: Iterable[Result], total: int, doing: str) -> Iterable[Result]: ...


@dataclass(frozen=True)
class Share:
    """Which part of the work this process does, with how many worker processes.

    Attributes:
        workers: processes on this machine.
        shard: 0-based number of this share.
        shards: number of shares; clips are dealt out by the hash of their key.
    """

    workers: int
    shard: int = 0
    shards: int = 1

    def owns(self, key: str) -> bool:
        return int(fingerprint.of_json(key), 16) % self.shards == self.shard


def default_workers() -> int:
    """One worker for each core this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_device(name: str) -> None:
    """Make the metrics of this process and of its workers run on this device; "" leaves the choice as it is.

    Raises:
        UserMistake: no such device here.
    """
    import torch

    if not name:
        return
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise UserMistake(f"--device {name!r} cannot be used here ({reason}); leave it out or say cpu.") from error
    os.environ["NARRATOR_BENCH_DEVICE"] = name


def metrics_device() -> str:
    """Where the metrics' networks run: what NARRATOR_BENCH_DEVICE says, else a GPU if there is one."""
    import torch

    return os.environ.get("NARRATOR_BENCH_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")


def single_thread() -> None:
    """Make this process compute with one thread."""
    import cv2
    import torch

    for name in _THREADS:
        os.environ[name] = "1"
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


class Crew:
    """Worker processes that start with the first work there is for several, and stay until the `with` block ends."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def spread(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Results of `function` over the tasks, as they come; in this process when one worker suffices.

        Raises:
            UserMistake: a worker process was killed from outside.
        """
        if min(self._workers, len(tasks)) <= 1:
            single_thread()
            yield from map(function, tasks)
            return
        self._pool = self._pool or self._started()
        try:
            for future in as_completed([self._pool.submit(function, task) for task in tasks]):
                yield future.result()
        except BrokenProcessPool as error:
            raise UserMistake(
                f"A worker process was killed, most likely for lack of memory; what is done is kept: "
                f"run the same command again with fewer --workers than {self._workers}."
            ) from error

    def _started(self) -> ProcessPoolExecutor:
        os.environ.update(dict.fromkeys(_THREADS, "1"))  # inherited before the children import their libraries
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=single_thread)


def spread(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """As `Crew.spread`, with a crew for these tasks only."""
    with Crew(workers) as crew:
        yield from crew.spread(function, tasks)


def torchrun_shard() -> tuple[int, int] | None:
    """(rank, world size) when started by `torchrun`, else None."""
    environment: Any = os.environ
    if "RANK" in environment and int(environment.get("WORLD_SIZE", "1")) > 1:
        return int(environment["RANK"]), int(environment["WORLD_SIZE"])
    return None


def wait_for_all_ranks() -> None:
    """Under `torchrun`: return once every rank has come here."""
    import datetime

    import torch.distributed as distributed

    distributed.init_process_group("gloo", timeout=datetime.timedelta(days=7))
    distributed.barrier()
    distributed.destroy_process_group()
