"""`run --dry-run`: what would be done and why, nothing written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.cli.printing import progress_display, tracked
from bench.workers.progress import Step

Cli = Callable[..., Any]


def content(data: Path, **other: Any) -> dict[str, Any]:
    return {
        "name": "dry",
        "datasets": [{"name": "made", "plugin": "folder", "root": str(data), "clips": 3}],
        "generators": [
            "still",
            {"name": "theirs", "plugin": "folder", "options": {"root": str(data.parent / "theirs")}},
        ],
        "metrics": ["mcd", "stoi"],
    } | other


def files(run: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in run.rglob("*")}


def test_a_preview_tells_what_changed_and_nothing_else(cli: Cli, clips: Path, tmp_path: Path) -> None:
    data, run, study = tmp_path / "data", tmp_path / "run", tmp_path / "dry.yaml"
    shutil.copytree(clips, data)
    shutil.copytree(clips, data.parent / "theirs")
    for path in (data.parent / "theirs").glob("*.txt"):
        path.unlink()

    def left(**other: Any) -> list[dict[str, Any]]:
        study.write_text(yaml.safe_dump(content(data, **other)))
        before = files(tmp_path)
        said = cli("run", study, "--out", run, "--workers", "1", "--dry-run", "--json")
        assert said.code == 0, said.err
        assert files(tmp_path) == before
        return [stage for stage in json.loads(said.out)["stages"] if stage["to_do"]]

    fresh = left()
    assert not run.exists()
    assert {stage["stage"] for stage in fresh} == {"generate", "measure", "compare"}
    assert all(stage["why"].keys() <= {"new", "new clip", "metrics"} for stage in fresh)
    assert {stage["seconds"] for stage in fresh} == {None}
    assert cli("run", study, "--out", run, "--workers", "1").code == 0
    assert left() == []
    table = cli("run", study, "--out", run, "--workers", "1", "--dry-run").out
    assert "generate: 0 to do, 12 done" in table  # with both bounds

    changed = left(metrics=[{"name": "mcd", "options": {"floor_db": -30.0}}, "stoi"])
    assert {(stage["stage"], stage["metric"]) for stage in changed} == {("compare", "mcd")}
    assert {reason for stage in changed if stage["metric"] == "mcd" for reason in stage["why"]} == {
        "changed: configuration"
    }
    assert all(stage["seconds"] is not None for stage in changed)

    more = left(generators=[*content(data)["generators"], {"name": "again", "plugin": "still"}])
    assert {stage["generator"] for stage in more} == {"again"}

    assert {
        reason
        for stage in left(protocol={"crf": 30})
        if stage["stage"] == "generate"
        for reason in stage["why"]
    } == {"changed: protocol"}  # fmt: skip

    shutil.copy(clips / "clip3.mp4", next(iter(sorted((data.parent / "theirs").glob("*.mp4")))))
    for stage in left():
        assert stage["generator"] == "theirs"
        if stage["stage"] == "generate":
            assert (stage["to_do"], stage["done"], stage["why"]) == (1, 2, {"changed: a file": 1})
    assert {stage["stage"] for stage in left()} >= {"generate", "compare"}

    for text in data.glob("*.txt"):
        text.write_text("quite other words")
    generated = {stage["generator"]: stage["why"] for stage in left() if stage["stage"] == "generate"}
    assert generated["still"] == {"changed: prompt": 3}


def test_json_and_replays_are_told_apart(cli: Cli, tmp_path: Path) -> None:
    assert "--json goes with --dry-run" in cli("run", "demo", "--out", tmp_path / "r", "--json").err
    assert "--dry-run looks at a study" in cli("run", "--from-results", tmp_path, "--out", tmp_path, "--dry-run").err


def test_a_run_on_object_storage_is_refused_in_one_sentence(cli: Cli, tmp_path: Path) -> None:
    study = tmp_path / "dry.yaml"
    study.write_text(yaml.safe_dump(content(tmp_path)))
    said = cli("run", study, "--out", "s3://KEY:SECRET@bucket/run")
    assert said.code == 2
    assert "--out 's3://bucket/run' is an address (s3), not a folder of a file system" in said.err
    assert "run into a local folder, then `narrator-bench archive FOLDER ADDRESS`" in said.err
    assert "SECRET" not in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_progress_tells_rate_time_left_and_failures_a_line_each_minute(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 30.0, 60.0, 61.0, 120.0])
    with progress_display() as display:
        steps = [Step(8), Step(8, failed=2), Step(8), Step(8, failed=1)]
        assert list(tracked(display, steps, 64, "measure", lambda step: step, lambda: next(times))) == steps
    assert capsys.readouterr().err.splitlines() == [
        "measure: 16 of 64, 0.267/s 0:03:00 left 2 failed",
        "measure: 32 of 64, 0.267/s 0:02:00 left 3 failed",
    ]
