"""Runs that are killed at random moments, again and again, on a loaded machine, and what is left of them in the end.

    python tests/support/kills.py --kills 200 --folder FOLDER

prints a table of many kills; the test suite does fewer. A run is killed with its whole process group or its main
process alone (then its workers must end by themselves), at a random time or just after it has written something.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import yaml

LEFT_OUT = ("costs", "costs.json", "environment.json", "report")
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


def disturbed(study: Path, run: Path, draw: random.Random) -> list[str]:
    """Start the run, perhaps kill a worker, then kill the run. Returns what was killed; nothing if it ended before."""
    before = len(finished(run))
    killed = []
    with subprocess.Popen(
        command(study, run), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        how = draw.choice(("at a random time", "after a write", "after a write"))
        deadline = time.monotonic() + (draw.uniform(0.5, 15.0) if how == "at a random time" else 120.0)
        pieces, worker_too = before + draw.randint(1, 3), draw.random() < 0.5
        while time.monotonic() < deadline and process.poll() is None:
            if worker_too and how == "after a write" and (worker := _worker(process.pid)):
                time.sleep(draw.uniform(0.0, 1.0))
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
                    killed.append("worker")
                worker_too = False
            if how == "after a write" and len(finished(run)) >= pieces and not worker_too:
                time.sleep(draw.uniform(0.0, 0.5))
                break
            time.sleep(0.02)
        family = _family(process.pid)
        whole = draw.random() < 0.7
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if whole else os.kill(process.pid, signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            return killed
    _, alive = psutil.wait_procs(family, timeout=120.0)
    if alive:
        raise AssertionError(f"processes outlived the run that started them: {[p.cmdline() for p in alive]}")
    return [*killed, f"{'group' if whole else 'main process'}, {how}"]


def server(run: psutil.Process) -> psutil.Process | None:
    """The server that the run's workers are forked from."""
    return next((child for child in run.children() if "forkserver" in " ".join(told(child))), None)


def workers(run: psutil.Process) -> list[psutil.Process]:
    """The worker processes of a run."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if forks := server(run):
            return list(forks.children())
    return []


def told(process: psutil.Process) -> list[str]:
    """The command line of a process, empty when it is gone."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _worker(run: int) -> psutil.Process | None:
    """A worker of the run that does something, if there is one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for worker in workers(psutil.Process(run)):
            if worker.cpu_times().user > 0.2:
                return worker
    return None


def _family(process: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(psutil.Process(process).children(recursive=True))
    return []


def killed_until_done(study: Path, run: Path, kills: int, draw: random.Random) -> Counter[str]:
    """Kill a run and its workers so often, or until it ends by itself; then let it end.

    Raises:
        AssertionError: finished work was done again, a process stayed alive, or the last run did not end well.
    """
    total: Counter[str] = Counter()
    kept: dict[Path, int] = {}
    while total.total() < kills:
        killed = disturbed(study, run, draw)
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
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    study, corpus = options.folder / "kills.yaml", options.folder / "corpus"
    make(corpus, "voxceleb", options.clips, 7, 2)
    write_study(study, corpus, options.clips)
    draw = random.Random(1)
    with burning(os.cpu_count() or 1):
        subprocess.run(command(study, options.folder / "whole"), check=True, stdout=subprocess.DEVNULL)
        whole = snapshot(options.folder / "whole")
        total: Counter[str] = Counter()
        trial = 0
        while total.total() < options.kills:
            trial += 1
            run = options.folder / f"trial{trial}"
            total += killed_until_done(study, run, 25, draw)
            differing = {
                name for name in whole.keys() | snapshot(run).keys() if whole.get(name) != snapshot(run).get(name)
            }
            assert not differing, sorted(differing)
            print(f"run {trial}: {len(whole)} files equal; kills so far: {dict(total)}", flush=True)


if __name__ == "__main__":
    main()
