"""Every benchmark runs, once and untimed, so that none of them rots."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.weights
def test_every_benchmark_runs() -> None:
    program = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "--import-mode=importlib", "--benchmark-disable"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*program, "tests/benchmarks"], cwd=HOME, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
