"""The script for a GPU, dry: every step on the processor, and the shell around them."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tests" / "benchmarks" / "on_gpu.sh"


@pytest.fixture(scope="module")
def steps() -> ModuleType:
    """`on_gpu.py`, which is no part of any package."""
    spec = importlib.util.spec_from_file_location("on_gpu", SCRIPT.with_suffix(".py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.weights
def test_the_dry_run_measures_every_part(
    steps: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clips: Path
) -> None:
    corpus = steps.CORPUS.model_copy(update={"plugin": "folder", "root": clips, "options": {}})
    monkeypatch.setattr(steps, "CORPUS", corpus)
    out = tmp_path / "gpu.json"
    for step in steps.STEPS:
        monkeypatch.setattr("sys.argv", ["on_gpu.py", step, str(out), "--dry"])
        if step in ("narrator", "compiled"):  # made clips show no face
            monkeypatch.setattr(steps, "DRY_GENERATOR", "still")
        steps.main()
    told = json.loads(out.read_text())
    assert set(told) == set(steps.STEPS)
    assert set(told["networks"]) >= {"inception, frames", "i3d, windows of 16", "pips++, windows of 16"}
    assert told["narrator"]["stages_per_10_s"]["speech"] > 0
    assert told["narrator"]["same_bytes"]
    assert told["metrics"]["stoi"]["cpu"]["value"]["value"] is not None
    assert 0 < told["metrics"]["fvmd-lk"]["cpu"]["share_with_decoding"] < 1
    assert told["compiled"]["seconds"]["eager"] > 0
    assert told["machine"]["matmul"]["float32"] > 0


def test_a_step_that_is_ended_leaves_what_it_has(
    steps: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(dry: bool, told: dict[str, Any]) -> None:
        told["first"] = 1
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(steps, "STEPS", {"metrics": ended})
    monkeypatch.setattr("sys.argv", ["on_gpu.py", "metrics", str(tmp_path / "gpu.json"), "--dry"])
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit, match="it took too long"):
            steps.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert json.loads((tmp_path / "gpu.json").read_text())["metrics"]["first"] == 1


def test_a_step_that_fails_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/steps\n[ "$2" != networks ]\n')
    python.chmod(0o755)
    out = tmp_path / "gpu.json"
    done = subprocess.run([SCRIPT, out], env={"PYTHON": str(python), "PATH": "/usr/bin:/bin"}, capture_output=True)
    assert done.returncode == 1
    assert (tmp_path / "steps").read_text().split() == ["machine", "networks", "narrator", "metrics", "compiled"]
    assert out.with_name("gpu.json.failed").read_text().startswith("networks: exit code 1")


def test_the_limits_of_the_steps_add_up_to_less_than_ten_minutes() -> None:
    text = SCRIPT.read_text()
    limits = text[text.index("<<STEPS") :].splitlines()[1:6]
    assert sum(int(line.split()[1]) for line in limits) < 600
