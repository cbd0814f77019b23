"""A run asks the network for nothing and writes nowhere but into its folder and our cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.study import find_study
from bench.synthetic import make
from bench.workers.pool import default_workers
from metrics.weights import cache_folder

RECORDER = """
import os, sys

def record(event, arguments):
    asks = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
    connects = event == "socket.connect" and not isinstance(arguments[1], (str, bytes))
    if asks or connects:
        with open(os.environ["RECORDED"], "a") as file:
            file.write(f"{event} {arguments!r}\\n")
        raise PermissionError("the network is forbidden here")

sys.addaudithook(record)
"""


@pytest.mark.slow
@pytest.mark.weights
def test_the_demo_asks_nobody_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The bundled demo with one small data set: look-ups and connections of Python are recorded and forbidden.

    Native code is shut into a network of its own where the machine allows that, and watched where strace is installed.
    """
    demo = yaml.safe_load(yaml.safe_dump(find_study("demo").model_dump(mode="json")))
    make(tmp_path / "corpus", "voxceleb", 2, 7, default_workers())
    demo["datasets"] = [{"name": "synthetic", "root": str(tmp_path / "corpus"), "options": {"clips": 2}, "clips": 2}]
    demo["protocol"] |= {"max_seconds": 1.0}
    demo["max_failed"] = 1.0  # a clip of one second is too short for some metrics
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(demo))
    folders = {name: tmp_path / name for name in ("home", "temporary", "here", "recorder")}
    for folder in folders.values():
        folder.mkdir()
    (folders["recorder"] / "sitecustomize.py").write_text(RECORDER)
    recorded, traced = tmp_path / "recorded", tmp_path / "traced"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HF_", "MPL"))} | {
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["temporary"]),
        "NARRATOR_BENCH_CACHE": str(cache_folder()),
        "PYTHONPATH": os.pathsep.join([str(folders["recorder"]), str(Path(__file__).resolve().parents[2])]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "RECORDED": str(recorded),
    }
    watcher = ["strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(traced)] if shutil.which("strace") else []
    alone = ["unshare", "-rn"] if _may(["unshare", "-rn", "true"]) else []
    command = [sys.executable, "-m", "bench", "run", str(tmp_path / "demo.yaml"), "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [*alone, *watcher, *command], cwd=folders["here"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not recorded.exists(), recorded.read_text()
    assert "sin_port" not in (traced.read_text() if traced.exists() else "")
    for name in ("home", "temporary", "here"):
        assert not sorted(folders[name].rglob("*")), name


def _may(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
