"""The docs' metric of a stranger: installed as a package of its own, listed, and scored in a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PAGE = Path(__file__).resolve().parents[2] / "docs/extend/metric.md"
PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "level-metric"
version = "1.0"

[project.entry-points."narrator_bench.metrics"]
level-difference = "level:LevelDifference"

[tool.setuptools]
py-modules = ["level"]
"""


@pytest.mark.slow
def test_the_metric_of_the_docs_installs_and_scores(clips: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python[^\n]*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (source,) = [block for block in blocks if "class LevelDifference" in block]
    assert len(source.splitlines()) <= 30
    package, site = tmp_path / "package", tmp_path / "site"
    package.mkdir()
    (package / "level.py").write_text(source)
    (package / "pyproject.toml").write_text(PYPROJECT)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(site), str(package)], check=True)

    study = {
        "name": "strange",
        "datasets": [{"name": "made", "plugin": "folder", "root": str(clips)}],
        "generators": ["ceiling", "chance"],
        "metrics": ["level-difference"],
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "bench", "run", str(tmp_path / "study.yaml"), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cells = {c["generator"]: c for c in json.loads((tmp_path / "run/results.json").read_text())["cells"]}
    assert cells["ceiling"]["value"] == 0.0
    assert cells["chance"]["value"] > 0
    assert (cells["chance"]["unit"], cells["chance"]["n"]) == ("dB", 4)
    assert cells["chance"]["signature"].startswith("level-difference")
