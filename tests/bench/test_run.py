"""A run from end to end: the same cells on one or two workers, in shares, and after being killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.kills import snapshot

from baselines.folder import Folder

Cli = Callable[..., Any]


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
    traces = json.loads((run / "traces.json").read_text())
    assert traces.keys() == {clip[name] for clip in results["clips"] for name in ("file", "reference")}
    assert all("<image" in (run / trace).read_text() for trace in traces.values())  # both metrics hear


def run_in_processes(study: Path, run: Path, *options: str, launcher: tuple[str, ...] = (), threads: int = 0) -> None:
    """A run by the command itself, with a number of threads from the environment or as many as there are cores."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    environment |= {"OMP_NUM_THREADS": str(threads)} if threads else {}
    command = [sys.executable, *launcher, "-m", "bench", "run", str(study), "--out", str(run), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def torchrun(processes: int) -> tuple[str, ...]:
    return ("-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}")


@pytest.mark.slow
@pytest.mark.weights
def test_workers_shards_ranks_threads_and_repetition_change_no_bit(study: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(study.read_text())
    content["metrics"] += ["fad-ge2e", {"name": "fid", "options": {"width": 64}}, "fvmd-lk", "mcd-pymcd-plain"]
    content["generators"].append("still")
    study.write_text(yaml.safe_dump(content))
    run_in_processes(study, tmp_path / "one", "--workers", "1", threads=1)
    whole = snapshot(tmp_path / "one")
    assert not [c for c in cells(tmp_path / "one") if c["value"] is None and c["generator"] != "ceiling"]
    drawn = (tmp_path / "one/report/index.html").stat().st_mtime_ns
    run_in_processes(study, tmp_path / "one", "--workers", "1")
    assert snapshot(tmp_path / "one") == whole, "repetition"
    assert (tmp_path / "one/report/index.html").stat().st_mtime_ns == drawn
    run_in_processes(study, tmp_path / "threads", "--workers", "1", threads=3)
    assert snapshot(tmp_path / "threads") == whole, "threads"
    for workers in ("2", "3", "4"):
        run_in_processes(study, tmp_path / workers, "--workers", workers)
        assert snapshot(tmp_path / workers) == whole, f"{workers} workers"
    for shard in ("2/3", "1/3", "3/3"):
        run_in_processes(study, tmp_path / "shards", "--shard", shard, "--workers", "1")
        assert not (tmp_path / "shards/results.json").exists()
    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / "shards/measured").rglob("*.stats")}
    run_in_processes(study, tmp_path / "shards", "--workers", "1")
    assert snapshot(tmp_path / "shards") == whole, "shards"
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    for ranks in (2, 4):
        run_in_processes(study, tmp_path / f"ranks{ranks}", "--workers", "1", launcher=torchrun(ranks))
        assert snapshot(tmp_path / f"ranks{ranks}") == whole, f"{ranks} ranks"


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
    content["max_failed"] = 0.5
    study.write_text(yaml.safe_dump(content))
    assert cli("run", study, "--out", tmp_path / "run", "--workers", "1").code == 0
    flaky = [cell for cell in cells(tmp_path / "run") if cell["generator"] == "flaky"]
    assert len(flaky) == 2
    for cell in flaky:
        assert cell["n"] == 2
        assert sorted(cell["failed"]) == ["clip0", "clip1"]
        assert "no voice for number 0 speaks" in cell["failed"]["clip0"]


def test_too_many_failures_end_with_exit_code_1_and_a_missing_cell(cli: Cli, study: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(study.read_text())
    program = f"{sys.executable} -c 'import sys; sys.exit(3)' {{out}}"
    content["generators"] = [{"name": "broken", "plugin": "command", "options": {"template": program}}]
    study.write_text(yaml.safe_dump(content))
    outcome = cli("run", study, "--out", tmp_path / "run", "--workers", "1")
    assert outcome.code == 1
    assert "No clip at all was generated by broken on made" in outcome.err
    broken = [cell for cell in cells(tmp_path / "run") if cell["generator"] == "broken"]
    assert len(broken) == 2
    assert all(cell["value"] is None and "exited with status 3" in cell["missing"] for cell in broken)


def test_a_hung_generator_is_interrupted_after_the_time_limit(cli: Cli, study: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(study.read_text())
    program = f"{sys.executable} -c 'import time; time.sleep(300)' {{out}}"
    content["generators"] = [{"name": "hangs", "plugin": "command", "options": {"template": program}}]
    study.write_text(yaml.safe_dump(content | {"time_limit": 0.5, "metrics": ["mcd"]}))
    start = time.monotonic()
    assert cli("run", study, "--out", tmp_path / "run", "--workers", "1").code == 1
    assert time.monotonic() - start < 60
    (cell,) = (cell for cell in cells(tmp_path / "run") if cell["generator"] == "hangs")
    assert set(cell["failed"].values()) == {"not generated: the generator took longer than time_limit = 0.5 s"}


def test_another_study_does_not_overwrite_a_run(cli: Cli, study: Path, tmp_path: Path) -> None:
    assert cli("run", study, "--out", tmp_path / "run", "--workers", "1").code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    study.write_text(yaml.safe_dump(yaml.safe_load(study.read_text()) | {"name": "another"}))
    outcome = cli("run", study, "--out", tmp_path / "run", "--workers", "1")
    assert outcome.code == 2
    assert "holds a run of the study 'quick', not of 'another'" in " ".join(outcome.err.split())
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before


def test_two_processes_do_not_work_on_one_run(cli: Cli, study: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(study.read_text())
    program = f"{sys.executable} -c 'import time; time.sleep(300)' {{out}}"
    content["generators"] = [{"name": "slow", "plugin": "command", "options": {"template": program}}]
    study.write_text(yaml.safe_dump(content))
    run = tmp_path / "run"
    command = [sys.executable, "-m", "bench", "run", str(study), "--out", str(run), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not list(run.glob("generated/ceiling/made/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        outcome = cli("run", study, "--out", run, "--workers", "1")
        process.kill()
    assert outcome.code == 2
    assert f"Another process (process {process.pid} on" in " ".join(outcome.err.split())


CHANGED_BY_HAND = {
    "a truncated clip": lambda run: cut_short(next(run.glob("generated/stolen/made/*.mp4"))),
    "a truncated WAV": lambda run: cut_short(next(run.glob("generated/stolen/made/*.wav"))),
    "a clip replaced by another": lambda run: next(run.glob("generated/stolen/made/clip0.mp4")).write_bytes(
        next(run.glob("generated/stolen/made/clip1.mp4")).read_bytes()
    ),
    "a clip deleted": lambda run: next(run.glob("generated/stolen/made/*.mp4")).unlink(),
    "a record that is no JSON": lambda run: next(run.glob("generated/stolen/made/*.json")).write_text("{"),
    "an empty record": lambda run: next(run.glob("generated/stolen/made/*.json")).write_bytes(b""),
    "a damaged prompt": lambda run: cut_short(next(run.glob("prompts/made/*.prompt"))),
    "a damaged selection": lambda run: cut_short(next(run.glob("selected/*.json"))),
    "a damaged playable reference": lambda run: cut_short(next(run.glob("reference/made/*.mp4"))),
    "statistics cut short": lambda run: [cut_short(path) for path in run.glob("measured/**/*.stats")],
    "statistics of zero bytes": lambda run: next(run.glob("measured/**/*.stats")).write_bytes(b""),
    "a results file cut short": lambda run: cut_short(run / "results.json"),
    "a study file that is no YAML": lambda run: (run / "study.yaml").write_text("{"),
}


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.slow
def test_a_run_that_was_damaged_by_hand_continues_to_the_same_bytes(cli: Cli, study: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert cli("run", study, "--out", run, "--workers", "1").code == 0
    whole = snapshot(run)
    for what, damage in CHANGED_BY_HAND.items():
        damage(run)
        outcome = cli("run", study, "--out", run, "--workers", "1")
        assert outcome.code == 0, (what, outcome)
        assert snapshot(run) == whole, what
        assert ("were measured again" in outcome.out) == what.startswith("statistics"), what


def test_a_replaced_input_is_a_new_clip(cli: Cli, study: Path, clips: Path, tmp_path: Path) -> None:
    """Files that generators hand over, the references themselves, transcripts: all are looked at again."""
    mine, data = tmp_path / "mine", tmp_path / "data"
    shutil.copytree(clips, mine)
    shutil.copytree(clips, data)
    content = yaml.safe_load(study.read_text())
    content["datasets"][0]["root"] = str(data)
    content["generators"][2]["options"]["root"] = str(mine)
    study.write_text(yaml.safe_dump(content))
    run = tmp_path / "run"

    def after(change: Callable[[], Any]) -> dict[tuple[str, str], float]:
        change()
        assert cli("run", study, "--out", run, "--workers", "1").code == 0
        fresh = tmp_path / f"fresh{len(list(tmp_path.iterdir()))}"
        assert cli("run", study, "--out", fresh, "--workers", "1").code == 0
        assert cells(run) == cells(fresh)
        return {(cell["generator"], cell["metric"]): cell["value"] for cell in cells(run)}

    first = after(lambda: None)
    assert first["stolen", "stoi"] == pytest.approx(1.0, abs=1e-6)
    for suffix in (".mp4", ".wav"):
        shutil.copy(mine / f"clip3{suffix}", mine / f"clip0{suffix}")
        shutil.copy(mine / f"clip3{suffix}", mine / f"clip1{suffix}")
    second = after(lambda: None)
    assert second["stolen", "stoi"] < 0.9
    assert second["ceiling", "stoi"] == first["ceiling", "stoi"]
    for suffix in (".mp4", ".wav"):
        shutil.copy(clips / f"clip3{suffix}", data / f"clip0{suffix}")
    third = after(lambda: None)
    assert third["ceiling", "stoi"] == pytest.approx(1.0, abs=1e-6)
    assert third["chance", "mcd"] != second["chance", "mcd"]
    after(lambda: (data / "clip1.txt").write_text("other words"))
    assert any(clip["text"] == "other words" for clip in json.loads((run / "results.json").read_text())["clips"])


def test_a_generator_that_cannot_describe_itself_is_a_counted_failure(
    cli: Cli, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Folder, "describe", lambda self: {}["sizes"])
    outcome = cli("run", study, "--out", tmp_path / "run", "--workers", "1")
    assert outcome.code == 1
    assert "No clip at all was generated by stolen on made" in outcome.err
    stolen = [cell for cell in cells(tmp_path / "run") if cell["generator"] == "stolen"]
    assert {reason for cell in stolen for reason in cell["failed"].values()} == {"not generated: KeyError: 'sizes'"}
