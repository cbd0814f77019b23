"""Runs that are killed, starved of room or terminated: they go on to the same bytes, and nothing outlives them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from support.kills import command, server, snapshot, told, workers


@pytest.mark.slow
@pytest.mark.weights
def test_kills_on_a_loaded_machine_change_no_byte_and_repeat_nothing(tmp_path: Path) -> None:
    """Clips that fail and programs that hang are part of the study."""
    script, wanted = Path(__file__).parents[1] / "support/kills.py", ("--kills", "6", "--ready", "44", "--clips", "2")
    run = [sys.executable, script, *wanted, "--folder", tmp_path / "kills"]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert "ready: " in done.stdout


@pytest.fixture
def slow_study(clips: Path, tmp_path: Path) -> Path:
    """Two workers that wait for programs which take minutes."""
    template = f"{sys.executable} -c 'import time; time.sleep(300)' {{out}}"
    content = {
        "name": "slow",
        "datasets": [{"name": "made", "plugin": "folder", "root": str(clips)}],
        "generators": [{"name": "sleeps", "plugin": "command", "options": {"template": template}}],
        "metrics": ["mcd"],
        "bounds": False,
    }
    path = tmp_path / "slow.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "code", "says"),
    [
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
@pytest.mark.parametrize("moment", ["while the workers work", "while they import"])
def test_nothing_outlives_a_run_however_it_ends(
    slow_study: Path, tmp_path: Path, how: signal.Signals, code: int, says: str, moment: str
) -> None:
    with subprocess.Popen(
        command(slow_study, tmp_path / "run"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        family = _family_at(psutil.Process(process.pid), moment)
        process.send_signal(how)
        _, said = process.communicate(timeout=120)
    assert process.returncode == code
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == (1 if says else 0), said
    assert says in said
    _, alive = psutil.wait_procs(family, timeout=120)
    assert not alive


def _family_at(run: psutil.Process, moment: str) -> list[psutil.Process]:
    """The processes that the run has started, once they have come so far."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        family = run.children(recursive=True)
        programs = [process for process in family if "time.sleep(300)" in " ".join(told(process))]
        if len(programs) >= 2 or (moment == "while they import" and server(run)):
            return family
        time.sleep(0.05)
    raise AssertionError("the workers never came so far")


@pytest.mark.slow
def test_a_lost_worker_is_replaced(clips: Path, tmp_path: Path) -> None:
    study = _copying_study(clips, tmp_path, seconds=1.0)
    subprocess.run(command(study, tmp_path / "whole"), check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen(
        command(study, tmp_path / "run"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        _kill_a_worker(psutil.Process(process.pid))
        _, said = process.communicate(timeout=180)
    assert process.returncode == 0, said
    assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")


def _kill_a_worker(run: psutil.Process) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for worker in workers(run):
            if _programs(worker):
                worker.kill()
                return
        time.sleep(0.02)
    raise AssertionError("no worker ever worked")


def _programs(worker: psutil.Process) -> list[psutil.Process]:
    try:
        return list(worker.children())
    except psutil.NoSuchProcess:
        return []


def _copying_study(clips: Path, tmp_path: Path, seconds: float) -> Path:
    clip = clips / "clip2.mp4"
    program = f"import shutil, sys, time; time.sleep({seconds}); shutil.copy(*sys.argv[1:])"
    content = {
        "name": "copying",
        "datasets": [{"name": "made", "plugin": "folder", "root": str(clips)}],
        "generators": [
            {"name": "copies", "plugin": "command",
             "options": {"template": f'{sys.executable} -c "{program}" {clip} {{out}}'}},
            {"name": "folder", "options": {"root": str(clips)}},
        ],
        "metrics": ["mcd", "stoi"],
    }  # fmt: skip
    path = tmp_path / "copying.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_a_run_with_one_sentence_and_room_lets_it_go_on(
    clips: Path, tmp_path: Path, small_disk: Path
) -> None:
    study = _copying_study(clips, tmp_path, seconds=0.0)
    subprocess.run(command(study, tmp_path / "whole"), check=True, stdout=subprocess.DEVNULL)
    full = 0
    for size in range(1500, 15000, 1500):
        subprocess.run(["mount", "-o", f"remount,size={size}k", small_disk], check=True)
        done = subprocess.run(command(study, small_disk / "run"), capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        if done.returncode == 0:
            break
        full += 1
        assert done.returncode == 1, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "No space left on the disk" in done.stderr
    assert done.returncode == 0
    assert full >= 2
    assert snapshot(small_disk / "run") == snapshot(tmp_path / "whole")
