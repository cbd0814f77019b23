"""The pytest plug-in in a suite of somebody else's."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = "bench.selfcheck.pytest_plugin"
TEST = "def test_metrics(narrator_bench_selfcheck):\n    assert not narrator_bench_selfcheck.problem\n"
PLANTED = "import math\nfrom bench.media import timing\ntiming._nearest = math.floor\n"


def run(folder: Path, metrics: str, conftest: str = "") -> subprocess.CompletedProcess[str]:
    """A suite with one test in a process of its own."""
    (folder / "pytest.ini").write_text(f"[pytest]\nnarrator_bench_selfcheck_metrics = {metrics}\n")
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_theirs.py").write_text(TEST)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_suite_passes_where_nothing_moved(tmp_path: Path) -> None:
    done = run(tmp_path, "stoi")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_suite_fails_with_what_moved(tmp_path: Path) -> None:
    done = run(tmp_path, "fvmd-lk", PLANTED)
    assert done.returncode == 1
    assert "the first stage is decode (frames of 29.97 at 25 fps)" in done.stdout
    assert re.search(r"fvmd-lk \S+ -> \S+ \(\S+ %\): decode \(frames of", done.stdout)
    assert "Traceback" not in done.stdout


def test_a_misspelt_metric_is_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "stio")
    assert done.returncode == 1
    assert "Did you mean: stoi" in done.stdout


def test_nothing_heavy_is_imported_with_it() -> None:
    code = f"import sys, {PLUGIN}; print(sorted({{'torch', 'numpy', 'av', 'scipy', 'pydantic'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_entry_point_names_it() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (value,) = project["entry-points"]["pytest11"].values()
    assert value == PLUGIN
    assert callable(importlib.import_module(value).pytest_addoption)
