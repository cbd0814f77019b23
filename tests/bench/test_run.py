"""A run from end to end: the same cells on one or two workers, in shares, and after being killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Cli = Callable[..., Any]
FLIP = "import shutil, sys; from pathlib import Path; "


@pytest.fixture
def study(clips: Path, tmp_path: Path) -> Path:
    """Three generators on four clips by two quick metrics."""
    content = {
        "name": "quick",
        "seed": 3,
        "datasets": [{"name": "made", "plugin": "folder", "root": str(clips), "clips": 3}],
        "generators": ["ceiling", "chance", {"name": "stolen", "plugin": "folder", "options": {"root": str(clips)}}],
        "metrics": ["mcd", "stoi"],
    }
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def cells(run: Path) -> list[dict[str, Any]]:
    return json.loads((run / "results.json").read_text())["cells"]


def test_a_run_leaves_cells_report_and_provenance(cli: Cli, study: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    outcome = cli("run", study, "--out", run, "--workers", "1")
    assert outcome.code == 0, outcome.err
    assert str(run / "report") in outcome.out
    results = json.loads((run / "results.json").read_text())
    assert len(results["cells"]) == 6
    assert results["study"]["plugins"] == {"stolen": "folder"}
    ceiling = {c["metric"]: c for c in results["cells"] if c["generator"] == "ceiling"}
    assert ceiling["mcd"]["value"] == 0.0
    assert ceiling["stoi"]["value"] == pytest.approx(1.0, abs=1e-6)
    for cell in results["cells"]:
        assert cell["n"] == 3
        assert cell["signature"]
        if cell["generator"] == "chance":
            best = ceiling[cell["metric"]]["value"]
            assert cell["value"] > best if cell["metric"] == "mcd" else cell["value"] < best
    assert all(clip["text_source"] == f"{clip['key']}.txt" for clip in results["clips"])
    assert yaml.safe_load((run / "study.yaml").read_text())["protocol"]["fps"] == 25.0
    assert json.loads((run / "environment.json").read_text())["packages"]["torch"]
    for clip in results["clips"]:
        assert (run / clip["file"]).is_file()
        assert (run / clip["reference"]).is_file()


@pytest.mark.slow
def test_workers_shares_and_repetition_change_nothing(cli: Cli, study: Path, tmp_path: Path) -> None:
    assert cli("run", study, "--out", tmp_path / "one", "--workers", "1").code == 0
    expected = cells(tmp_path / "one")
    first = (tmp_path / "one/results.json").read_bytes()
    assert cli("run", study, "--out", tmp_path / "one", "--workers", "1").code == 0
    assert (tmp_path / "one/results.json").read_bytes() == first
    assert cli("run", study, "--out", tmp_path / "two", "--workers", "2").code == 0
    assert cells(tmp_path / "two") == expected
    for share in ("2/3", "1/3", "3/3"):
        assert cli("run", study, "--out", tmp_path / "shares", "--shard", share, "--workers", "1").code == 0
        assert not (tmp_path / "shares/results.json").exists()
    measured = sorted(path.stat().st_mtime_ns for path in (tmp_path / "shares/measured").rglob("*.npz"))
    assert cli("run", study, "--out", tmp_path / "shares", "--workers", "1").code == 0
    assert cells(tmp_path / "shares") == expected
    assert sorted(path.stat().st_mtime_ns for path in (tmp_path / "shares/measured").rglob("*.npz")) == measured


@pytest.mark.slow
def test_a_killed_run_continues_to_the_same_cells(cli: Cli, study: Path, tmp_path: Path) -> None:
    assert cli("run", study, "--out", tmp_path / "whole", "--workers", "1").code == 0
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "bench", "run", str(study), "--out", str(killed), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not list(killed.glob("generated/*/*/*.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (killed / "results.json").exists()
    assert cli("run", study, "--out", killed, "--workers", "1").code == 0
    assert cells(killed) == cells(tmp_path / "whole")


def test_a_failing_generator_is_counted_and_not_a_number(cli: Cli, study: Path, clips: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(study.read_text())
    script = tmp_path / "copies.py"
    script.write_text(
        "import shutil, sys\n"
        f"if 'number 0' in sys.argv[1] or 'number 1' in sys.argv[1]: sys.exit('no voice for ' + sys.argv[1])\n"
        f"shutil.copy({str(clips / 'clip2.mp4')!r}, sys.argv[2])\n"
    )
    options = {"template": f"{sys.executable} {script} {{text}} {{out}}"}
    content["generators"] = [{"name": "flaky", "plugin": "command", "options": options}]
    content["datasets"][0]["clips"] = 4
    study.write_text(yaml.safe_dump(content))
    assert cli("run", study, "--out", tmp_path / "run", "--workers", "1").code == 0
    flaky = [cell for cell in cells(tmp_path / "run") if cell["generator"] == "flaky"]
    assert len(flaky) == 2
    for cell in flaky:
        assert cell["n"] == 2
        assert sorted(cell["failed"]) == ["clip0", "clip1"]
        assert "no voice for number 0 speaks" in cell["failed"]["clip0"]
