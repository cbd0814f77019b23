"""Work spread over a Dask cluster: the same tasks as on one machine, each sent where it finds what it needs.

Dask hands tasks over, knows what workers offer and replaces lost ones; how a task is done is in
`bench.workers.on_cluster`. Tasks and results travel as bytes that the scheduler never looks into, and few at a time.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import pickle
import queue
import secrets
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

from bench.errors import UserMistake, shown
from bench.workers import on_cluster
from bench.workers.crew import Needs
from bench.workers.on_cluster import Expected, Outcome
from bench.workers.pool import DEATHS, InWorker

Task = TypeVar("Task")
Result = TypeVar("Result")

GPU, MEMORY = "GPU", "MEMORY"
"""Resources that tasks ask for: GPUs, bytes of main memory. Where no worker offers one, no task asks for it."""
ANSWER_SECONDS = 10.0
WORKERS_SECONDS = 60.0
"""How long a cluster may be without workers before the run gives up."""
_AHEAD = 2
"""Tasks handed over for each worker, so that none waits for the next one."""


class Cluster:
    """Workers of a Dask cluster: that at an address, or one of this machine's processes, which end with it.

    Attributes:
        workers: how many tasks are done at once.
    """

    def __init__(self, address: str | None, workers: int, run: Path, device: str, folders: Iterable[Path] = ()) -> None:
        """
        Args:
            address: of the scheduler, for example "tcp://10.0.0.1:8786"; None starts a cluster of `workers` here.
            run: the run's folder, which every worker must see.
            device: where the metrics' networks run.
            folders: others that tasks read.
        """
        self.workers = workers
        self._address = address
        self._folder = run.resolve()
        self._device = device
        self._folders = tuple(folder.resolve() for folder in folders)
        self._resources: list[dict[str, float]] = []

    def __enter__(self) -> Cluster:
        """
        Raises:
            UserMistake: Dask is missing, nothing answers at the address, or a worker cannot take part.
        """
        try:
            importlib.import_module("distributed")
        except ImportError as error:
            raise UserMistake(
                f"--engine dask needs the package distributed ({error}): pip install 'narrator-bench[dask]'."
            ) from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # of lost workers the run tells itself
        with contextlib.ExitStack() as stack:
            if self._address is None:
                address = stack.enter_context(_local_cluster(self.workers, self._device))
            else:
                address = self._address
            self._client = stack.enter_context(_connected(address))
            mark = self._folder / f".seen-{secrets.token_hex(8)}"
            stack.callback(mark.unlink, missing_ok=True)
            mark.write_text(secret := secrets.token_hex(16), encoding="utf-8")
            self._expected = Expected(mark, secret, self._folders, on_cluster.versions(), self._device)
            self._inspect()
            stack.callback(self._dismiss)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def spread(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        worthwhile: int = 1,
        lost: Callable[[Task], Result] | None = None,
        needs: Callable[[Task], Needs] | None = None,
    ) -> Iterator[Result]:
        """See `bench.workers.crew.Crew`; `worthwhile` says nothing here, for the workers are there already."""
        waiting, deaths = deque(range(len(tasks))), Counter[int]()
        arrived: queue.Queue[Any] = queue.Queue()
        handed: dict[Any, int] = {}
        try:
            while waiting or handed:
                while waiting and len(handed) < _AHEAD * self.workers:
                    place = waiting.popleft()
                    future = self._client.submit(
                        on_cluster.do, self._expected, pickle.dumps((function, tasks[place])), pure=False,
                        key=f"{getattr(function, '__name__', 'task')}-{secrets.token_hex(8)}",
                        resources=self._asked(needs(tasks[place]) if needs else Needs()), priority=-place,
                    )  # fmt: skip
                    handed[future] = place
                    future.add_done_callback(arrived.put)
                future = self._next(arrived)
                place = handed.pop(future)
                outcome = self._outcome(future)
                if outcome.killed:
                    deaths[place] += 1
                    if deaths[place] < DEATHS:
                        waiting.appendleft(place)
                    elif lost:
                        yield lost(tasks[place])
                    else:
                        raise UserMistake(
                            "The workers of the cluster are killed again and again, most likely for lack of memory; "
                            "what is done is kept: run the same command again on workers with more of it."
                        )
                elif outcome.error is not None:
                    raise outcome.error from InWorker(outcome.told)
                else:
                    yield outcome.result
        finally:
            if handed:
                with contextlib.suppress(Exception):  # the cluster may be what went wrong
                    self._client.cancel(list(handed), force=True)

    def _asked(self, needs: Needs) -> dict[str, float] | None:
        """Resources of a task, of those that workers offer; never more than the greatest worker has."""
        most = {name: max((each.get(name, 0.0) for each in self._resources), default=0.0) for name in (GPU, MEMORY)}
        wanted = {GPU: float(needs.gpu), MEMORY: float(needs.memory)}
        asked = {name: min(wanted[name], most[name]) for name in wanted}
        return {name: amount for name, amount in asked.items() if amount > 0} or None

    def _next(self, arrived: queue.Queue[Any]) -> Any:
        """The next future that is done, while there is somebody to do it."""
        alone_since: float | None = None
        while True:
            try:
                return arrived.get(timeout=5.0)
            except queue.Empty:
                pass
            if self._client.status != "running":
                raise self._gone()
            found = self._client.nthreads()
            if found:
                self.workers, alone_since = sum(found.values()), None
                continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since > WORKERS_SECONDS:
                raise UserMistake(
                    "All workers of the cluster have left; what is done is kept: start workers and run the same "
                    "command again."
                )

    def _gone(self) -> UserMistake:
        return UserMistake(
            f"The cluster's scheduler {self._address or ''} does not answer any more; what is done is kept: run the "
            "same command again once it does."
        )

    def _outcome(self, future: Any) -> Outcome:
        if future.status in ("cancelled", "lost"):
            raise self._gone()
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            return Outcome(killed=True)
        if error is not None:
            raise error
        outcome = pickle.loads(future.result())
        future.release()
        assert isinstance(outcome, Outcome)
        if outcome.unfit is not None:
            raise UserMistake(f"A worker of the cluster that joined later {outcome.unfit}.")
        return outcome

    def _inspect(self) -> None:
        """Ask every worker, and the scheduler for its versions.

        Raises:
            UserMistake: there is none, or one cannot take part.
        """
        try:
            self._client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except TimeoutError as error:
            raise UserMistake(
                f"The scheduler {shown(self._address or '', 80)} has no worker: start one with "
                f"`dask worker {shown(self._address or 'ADDRESS', 80)} --nthreads 1`."
            ) from error
        there = dict(_answered("its scheduler", lambda: self._client.run_on_scheduler(on_cluster.versions)))
        for name, version in self._expected.versions:
            if there.get(name) != version:
                raise UserMistake(
                    f"The cluster's scheduler has {name} {there.get(name, 'not installed')} instead of {version}: "
                    "install the same on all machines."
                )
        told = _answered("a worker", lambda: self._client.run(on_cluster.inspected, self._expected))
        for address, worker in sorted(told.items()):
            if worker.unfit is not None:
                raise UserMistake(f"The cluster's worker {address} {worker.unfit}.")
        self._resources = [worker.resources for worker in told.values()]
        self.workers = max(1, sum(self._client.nthreads().values()))
        if self._device.startswith("cuda") and not any(each.get(GPU) for each in self._resources):
            raise UserMistake(
                "The metrics' networks run on a GPU, but no worker of the cluster offers one: start those that have "
                "one with --resources 'GPU=1', or say --device cpu."
            )

    def _dismiss(self) -> None:
        with contextlib.suppress(Exception):  # workers that are gone have nobody left to dismiss
            self._client.run(on_cluster.dismiss, on_error="ignore")


@contextlib.contextmanager
def _local_cluster(workers: int, device: str) -> Iterator[str]:
    """A cluster of this machine's processes."""
    distributed: Any = importlib.import_module("distributed")

    offered = {MEMORY: psutil.virtual_memory().total / workers} | ({GPU: 1.0} if device.startswith("cuda") else {})
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, resources=offered,
        memory_limit=0, silence_logs=logging.CRITICAL, host="127.0.0.1",
    ) as cluster:  # fmt: skip
        yield str(cluster.scheduler_address)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at an address.

    Raises:
        UserMistake: it is no address, or nothing there answers as a scheduler does.
    """
    distributed: Any = importlib.import_module("distributed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other versions `_inspect` tells
            client = distributed.Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except Exception as error:  # of many kinds, by protocol
        raise UserMistake(
            f"No Dask scheduler answers at --address {shown(address, 80)} ({shown(error, 120).rstrip('.')}): name the "
            "address that `dask scheduler` printed, for example tcp://10.0.0.1:8786."
        ) from error
    with client:
        yield client


def _answered(who: str, ask: Callable[[], Result]) -> Result:
    """What a part of the cluster says of itself.

    Raises:
        UserMistake: it cannot even load our code, or is gone.
    """
    try:
        return ask()
    except Exception as error:  # whatever an installation that is not ours may raise
        raise UserMistake(
            f"The cluster cannot do the work, {who} says {type(error).__name__}: "
            f"{shown(error, 160).rstrip('.')}; install the same narrator-bench on all its machines."
        ) from error
