"""What runs in the workers of a cluster: a check of each worker, and tasks, each in a process like those of a run.

A task never runs in the cluster's own process. It runs in a child of that, single-threaded and in its main thread, as
on one machine: the numbers are the same, a time limit interrupts, and what kills the child does not kill the worker.
The cluster's own process imports torch only where it has to look for a GPU.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pickle
import platform
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.metadata import distributions
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import environment, fingerprint
from bench.errors import UserMistake
from bench.workers.device import metrics_device
from bench.workers.threads import THREAD_VARIABLES

PACKAGES = ("bench", "metrics", "narrator", "baselines", "reports")
IDLE_SECONDS = 60.0
"""After so long without a task a child ends and gives back its memory."""
_PATIENCE = 10.0
"""Seconds that a network file system may take to show what another machine has written."""


@dataclass(frozen=True)
class Expected:
    """What a worker must see and be to take part in a run.

    Attributes:
        mark: a file in the run's folder.
        secret: what it holds.
        folders: that tasks read: datasets, and where a study's relative paths start.
        versions: of everything that numbers depend on, see `versions`.
        device: where the metrics' networks run.
    """

    mark: Path
    secret: str
    folders: tuple[Path, ...]
    versions: tuple[tuple[str, str], ...]
    device: str


@dataclass(frozen=True)
class Worker:
    """What a worker says of itself.

    Attributes:
        unfit: why it cannot take part; None if it can.
        resources: what it offers, by name.
    """

    unfit: str | None
    resources: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        unfit: why the worker did not begin it.
        killed: the process was killed, whatever it was.
        result, error, told: what it gave, or raised with its traceback.
    """

    unfit: str | None = None
    killed: bool = False
    result: Any = None
    error: BaseException | None = None
    told: str = ""


def versions() -> tuple[tuple[str, str], ...]:
    """Name and version of Python, our code, the packages that it needs, and those that bring plug-ins."""
    brought = {
        f"plug-ins of {found.metadata['Name']}": found.version
        for found in distributions()
        if any(entry.group.startswith("narrator_bench.") for entry in found.entry_points)
    }
    found = {"Python": platform.python_version(), "narrator-bench's code": _code(), **environment.package_versions()}
    return tuple(sorted((found | brought).items()))


@functools.cache
def _code() -> str:
    """Hash of our own files, of which packages of one version may have different ones."""
    hashes = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for root in map(Path, (spec.submodule_search_locations or ()) if spec else ()):
            files = sorted(root.rglob("*.py"))
            hashes += [[package, file.relative_to(root).as_posix(), fingerprint.of_file(file)] for file in files]
    return fingerprint.of_json(hashes)[:12]


def inspected(expected: Expected, dask_worker: Any = None) -> Worker:
    """Whether this worker can take part; Dask hands itself over as `dask_worker`."""
    offered = {} if dask_worker is None else dict(dask_worker.state.total_resources)
    return Worker(unfit(expected), offered)


@functools.lru_cache(maxsize=16)
def unfit(expected: Expected) -> str | None:
    """Why this process cannot take part in a run, as the end of a sentence; None if it can."""
    here = dict(versions())
    for name, version in expected.versions:
        if here.get(name) != version:
            return f"has {name} {here.get(name, 'not installed')} instead of {version}: install the same on all"
    folder = expected.mark.parent
    deadline = time.monotonic() + _PATIENCE
    while (seen := _content(expected.mark)) is None and time.monotonic() < deadline:
        time.sleep(0.5)
    if seen != expected.secret:
        how = "sees another folder" if folder.is_dir() else "sees no folder"
        return f"{how} at {folder}: put the run on a file system that all workers share, under one path"
    for needed in expected.folders:
        if not needed.is_dir():
            return f"does not see {needed}, which the study reads: put it on a file system that all workers share"
    try:
        if expected.device != "cpu":  # the others take an import of torch
            metrics_device(expected.device)
    except UserMistake as mistake:
        return f"lacks the device of the metrics ({str(mistake).rstrip('.')})"
    return None


def _content(mark: Path) -> str | None:
    try:
        return mark.read_text(encoding="utf-8")
    except OSError:
        return None


def do(expected: Expected, work: bytes) -> bytes:
    """Do one task, a pickled (function, task), in a child; a pickled `Outcome`."""
    reason = unfit(expected)
    outcome = _CHILDREN.done(work) if reason is None else Outcome(unfit=reason)
    return pickle.dumps(outcome)


def dismiss() -> None:
    """End all children that have nothing to do."""
    _CHILDREN.end_idle(0.0)


class _Child:
    """A process that does tasks one after the other, and its socket."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        alive, self._alive = os.pipe()
        command = [sys.executable, "-m", "bench.workers.served", str(theirs.fileno()), str(alive)]
        folder = str(Path(__file__).resolve().parents[2])  # found there where it is not installed
        paths = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
        variables = os.environ | dict.fromkeys(THREAD_VARIABLES, "1") | {"PYTHONPATH": paths}
        self._process = subprocess.Popen(
            command, env=variables, pass_fds=[theirs.fileno(), alive], stdin=subprocess.DEVNULL, close_fds=True
        )
        theirs.close()
        os.close(alive)
        self._connection = Connection(ours.detach())
        self.idle_since = 0.0

    def done(self, work: bytes) -> Outcome:
        self._connection.send_bytes(work)  # which is what `recv` takes for a pickled object
        result, error, told = self._connection.recv()
        return Outcome(result=result, error=error, told=told)

    def end(self) -> None:
        os.close(self._alive)
        self._connection.close()
        self._process.wait()


class _Children:
    """As many as there are tasks at once; several threads of a worker may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._watched = False

    def done(self, work: bytes) -> Outcome:
        with self._lock:
            child = self._idle.pop() if self._idle else None
            if not self._watched:
                threading.Thread(target=self._watch, daemon=True).start()
                self._watched = True
        child = child or _Child()
        try:
            outcome = child.done(work)
        except (EOFError, ConnectionError):
            child.end()
            return Outcome(killed=True)
        child.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(child)
        return outcome

    def end_idle(self, seconds: float) -> None:
        now = time.monotonic()
        with self._lock:
            ended = [child for child in self._idle if now - child.idle_since >= seconds]
            self._idle = [child for child in self._idle if child not in ended]
        for child in ended:
            child.end()

    def _watch(self) -> None:
        while True:
            time.sleep(IDLE_SECONDS / 6)
            self.end_idle(IDLE_SECONDS)


_CHILDREN = _Children()
