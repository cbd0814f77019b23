"""`report` of several runs: folders, results files and archives, on a terminal and as files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.archives import finished_run

from bench.archiving.writing import write_archive

Cli = Callable[..., Any]


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """A run's folder, another one's results file, and an archive of a third."""
    for name in ("jan", "feb", "mar"):
        finished_run(tmp_path / name)
    (tmp_path / "zips").mkdir()
    write_archive(tmp_path / "mar", tmp_path / "zips/mar.zip")
    return [tmp_path / "jan", tmp_path / "feb/results.json", tmp_path / "zips/mar.zip"]


def test_folders_files_and_archives_are_runs(cli: Cli, runs: list[Path], tmp_path: Path) -> None:
    outcome = cli("report", *runs, "--out", tmp_path / "history")
    assert outcome.code == 0, outcome.err
    assert "Leaderboard" in outcome.out
    assert f"Report: {tmp_path / 'history' / 'index.html'}" in outcome.out
    written = {path.name for path in (tmp_path / "history").iterdir()}
    assert written == {"index.html", "history.md", "history.tex", "history.csv", "history.json", "figures"}
    outcome = cli("report", *runs, "--json")
    assert [run["name"] for run in json.loads(outcome.out)["runs"]] == ["jan", "feb", "mar.zip"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("jan", "--json"), "--out and --json go with several runs"),
        (("jan", "jan"), "A run is named twice"),
        (("jan", "nowhere"), "nowhere holds no results.json"),
        (("zips/mar.zip",), "An archive is unpacked first"),
    ],
)
def test_mistakes(cli: Cli, runs: list[Path], tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    assert runs
    outcome = cli("report", *(each if each.startswith("-") else tmp_path / each for each in arguments))
    assert outcome.code == 2
    assert says in outcome.err.replace("\n", " ")
