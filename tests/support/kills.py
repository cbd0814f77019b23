"""Runs that are killed at random moments, again and again, on a loaded machine, and what is left of them in the end.

    python tests/support/kills.py --kills 200 --folder FOLDER

prints a table of many kills; the test suite does fewer, most of them of runs whose processes have imported everything.
A run is killed with all its processes or its main process alone (then its workers must end by themselves), at a random
time or just after it has written something.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path

import psutil
import yaml

LEFT_OUT = ("costs", "costs.json", "environment.json", "environments", "report")
"""What a run leaves that differs each time."""
FINISHED = ("generated/**/*.json", "measured/**/*.stats")
"""Files that say that a piece of work is finished; they appear last."""


def write_study(path: Path, corpus: Path, clips: int) -> None:
    """Generators of every kind: encoded frames, other people's files, a program that fails, and one that hangs."""
    python = f"{sys.executable} -c"
    wait = "time.sleep(600 if sys.argv[1].endswith('1') else 0)"
    hang = f"import shutil, sys, time; {wait}; shutil.copy(*sys.argv[2:])"
    fail = "import sys, shutil; sys.exit('no') if sys.argv[1].endswith('0') else shutil.copy(*sys.argv[2:])"
    clip = sorted(corpus.glob("*.mp4"))[0]
    content = {
        "name": "kills",
        "seed": 5,
        "protocol": {"max_seconds": 1.5},
        "max_failed": 0.9,
        "datasets": [{"name": "synthetic", "root": str(corpus), "options": {"clips": clips}, "clips": clips}],
        "generators": [
            "still",
            "cascade",
            {"name": "hangs", "plugin": "command",
             "options": {"template": f'{python} "{hang}" {{key}} "{clip}" {{out}}', "timeout": 8.0}},
            {"name": "fails", "plugin": "command",
             "options": {"template": f'{python} "{fail}" {{key}} "{clip}" {{out}}'}},
        ],
        "metrics": ["stoi", "mcd", {"name": "fid", "options": {"width": 64, "stride": 5}}, "fvmd-lk"],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def command(study: Path, run: Path) -> list[str]:
    return [sys.executable, "-m", "bench", "run", str(study), "--out", str(run), "--workers", "2"]


def snapshot(run: Path) -> dict[str, str]:
    """Hash by name of every file of a run that must be equal, left-over temporary files apart."""
    found = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run)
        if path.is_file() and name.parts[0] not in LEFT_OUT and not path.name.startswith("."):
            found[name.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def finished(run: Path) -> dict[Path, int]:
    """When each finished piece of work was written; half-written files are hidden and vanish."""
    found = {}
    for path in (path for pattern in FINISHED for path in run.glob(pattern)):
        with contextlib.suppress(FileNotFoundError):
            if not path.name.startswith(".") and (path.suffix == ".stats" or b'"error": null' in path.read_bytes()):
                found[path] = path.stat().st_mtime_ns
    return found


@contextlib.contextmanager
def burning(cores: int) -> Iterator[None]:
    """Other processes that keep the cores busy."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


Running = tuple[psutil.Process, Callable[[], int | None]]
"""The main process of a run, and what tells its exit code once it has ended."""


def started(study: Path, run: Path, ready: bool) -> Running:
    """Start a run by its command, or `ready`: forked from a process that has done all imports, as are its workers."""
    if not ready:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command(study, run), stdout=quiet, stderr=quiet, start_new_session=True)
        return psutil.Process(process.pid), process.poll
    forked = multiprocessing.get_context("forkserver").Process(target=_run_ready, args=(study, run))
    forked.start()
    assert forked.pid is not None
    return psutil.Process(forked.pid), lambda: forked.exitcode


def _run_ready(study: Path, run: Path) -> None:
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    # Workers come from the server that this process was forked from; it would start one of its own.
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]
    sys.argv = ["narrator-bench", *command(study, run)[3:]]
    from bench.cli import main

    main()


def ready_server(modules: tuple[str, ...] = ("bench.run.execute", "metrics.builtin", "reports.rendering")) -> None:
    """Start this process's server of forks with everything imported that a run imports."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bench.workers.preloaded", *modules])
    forkserver.ensure_running()


def disturbed(study: Path, run: Path, draw: random.Random, ready: bool) -> list[str]:
    """Start the run, perhaps kill a worker, then kill the run. Returns what was killed; nothing if it ended before."""
    before = len(finished(run))
    killed = []
    process, exit_code = started(study, run, ready)
    how = draw.choice(("at a random time", "after a write", "after a write"))
    deadline = time.monotonic() + (draw.uniform(0.1, 5.0 if ready else 15.0) if how == "at a random time" else 120.0)
    pieces, worker_too = before + draw.randint(1, 3), draw.random() < 0.5
    while time.monotonic() < deadline and exit_code() is None:
        if worker_too and how == "after a write" and (busy := _busy_worker(process)):
            time.sleep(draw.uniform(0.0, 1.0))
            with contextlib.suppress(psutil.NoSuchProcess):
                busy.kill()
                killed.append("worker")
            worker_too = False
        if how == "after a write" and len(finished(run)) >= pieces and not worker_too:
            time.sleep(draw.uniform(0.0, 0.5))
            break
        time.sleep(0.02)
    family = [*_children(process, recursive=True), *workers(process)]
    whole = draw.random() < 0.7
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL) if whole else os.kill(process.pid, signal.SIGKILL)
    for worker in workers(process) if ready and whole else []:  # they are not in the run's process group
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
    while (code := exit_code()) is None:
        time.sleep(0.02)
    if code != -signal.SIGKILL:
        return killed
    _, alive = psutil.wait_procs(family, timeout=120.0)
    if alive:
        raise AssertionError(f"processes outlived the run that started them: {[p.cmdline() for p in alive]}")
    return [*killed, f"{'all' if whole else 'main process'}, {how}"]


def server(run: psutil.Process) -> psutil.Process | None:
    """The server that the run's workers are forked from, where it has one of its own."""
    return next((child for child in _children(run) if "forkserver" in " ".join(told(child))), None)


def workers(run: psutil.Process) -> list[psutil.Process]:
    """The worker processes of a run: children of its own server, or of the one that it was forked from."""
    own = server(run)
    shared = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    if own is None and shared is not None:
        own = psutil.Process(shared)
    return [worker for worker in _children(own) if worker != run] if own else []


def told(process: psutil.Process) -> list[str]:
    """The command line of a process, empty when it is gone."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _busy_worker(run: psutil.Process) -> psutil.Process | None:
    """A worker of the run that does something, if there is one."""
    for worker in workers(run):
        with contextlib.suppress(psutil.NoSuchProcess):
            if worker.cpu_times().user > 0.2:
                return worker
    return None


def _children(process: psutil.Process, recursive: bool = False) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(process.children(recursive))
    return []


def killed_until_done(study: Path, run: Path, kills: int, draw: random.Random, ready: bool) -> Counter[str]:
    """Kill a run and its workers so often, or until it ends by itself; then let it end.

    Raises:
        AssertionError: finished work was done again, a process stayed alive, or the last run did not end well.
    """
    total: Counter[str] = Counter()
    kept: dict[Path, int] = {}
    while total.total() < kills:
        killed = disturbed(study, run, draw, ready)
        total.update(killed)
        now = finished(run)
        again = [path for path, when in kept.items() if now.get(path) != when]
        assert not again, f"finished work was done again: {again}"
        kept = now
        if not killed or killed == ["worker"]:
            break
    done = subprocess.run(command(study, run), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    now = finished(run)
    assert not [path for path, when in kept.items() if now.get(path) != when]
    return total


def main() -> None:
    from bench.synthetic import make

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills of runs that are started by their command")
    parser.add_argument("--ready", type=int, default=0, help="kills of runs whose processes have imported everything")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--burners", type=int, default=os.cpu_count() or 1, help="processes that keep cores busy")
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    study, corpus = options.folder / "kills.yaml", options.folder / "corpus"
    ready_server()
    make(corpus, "voxceleb", options.clips, 7, 2)
    write_study(study, corpus, options.clips)
    draw = random.Random(1)
    with burning(options.burners):
        subprocess.run(command(study, options.folder / "whole"), check=True, stdout=subprocess.DEVNULL)
        whole = snapshot(options.folder / "whole")
        trials = 0
        for ready, kills in ((False, options.kills), (True, options.ready)):
            total: Counter[str] = Counter()
            while (left := kills - total.total()) > 0:
                trials += 1
                run = options.folder / f"trial{trials}"
                total += killed_until_done(study, run, min(left, 25), draw, ready)
                now = snapshot(run)
                differing = {name for name in whole.keys() | now.keys() if whole.get(name) != now.get(name)}
                assert not differing, sorted(differing)
                kind = "ready" if ready else "by its command"
                print(f"run {trials}, {kind}: {len(whole)} files equal; kills so far: {dict(total)}", flush=True)


if __name__ == "__main__":
    main()
