"""The examples of the pages on extending, as they stand there, installed as strangers' packages and run in a study."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench.media.writing import write_clip

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"```(?:python|toml) title=\"([^\"]+)\"\n(.*?)```", re.DOTALL)


def blocks(page: str) -> dict[str, str]:
    """The files that a page shows, by name."""
    return dict(BLOCK.findall((DOCS / page).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages as pip leaves it: the modules, and the entry points that the pages register."""
    site = tmp_path_factory.mktemp("site")
    for kind in ("metric", "generator", "dataset"):
        shown = blocks(f"extend/{kind}.md")
        registered = shown.pop("pyproject.toml")
        information = site / f"stranger_{kind}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stranger-{kind}\nVersion: 1.0\n")
        points = registered.replace("[project.entry-points.", "[").replace('"', "")
        (information / "entry_points.txt").write_text(points)
        for name, source in shown.items():
            (site / name).write_text(source)
    return site


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small clips of two speakers, and a list that names a fourth."""
    root = tmp_path_factory.mktemp("listed")
    time = np.arange(16000) / 16000
    for number in range(3):
        frames = np.full((25, 64, 64, 3), 80 + 40 * number, np.uint8)
        frames[::2, 16:48] += 20
        speech = (0.1 * (number + 1) * np.sin(2 * np.pi * 200 * time)).astype(np.float32)
        write_clip(root / f"c{number}.mp4", [frames], 25, speech, 16000)
    with (root / "clips.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "speaker", "text"])
        writer.writerows([f"c{number}.mp4", f"s{number % 2}", "one two three"] for number in range(4))
    return root


def bench(installed: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=DOCS.parent
    )


@pytest.mark.slow
def test_metric_generator_and_dataset_of_the_pages_run_in_one_study(
    installed: Path, listed: Path, tmp_path: Path
) -> None:
    study = {
        "name": "strange",
        "protocol": {"unequal": "score"},
        "datasets": [{"name": "listed", "root": str(listed)}],
        "generators": ["beeps", {"name": "low", "plugin": "beeps", "options": {"pitch": 110}}],
        "metrics": ["level-difference"],
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    done = bench(installed, "run", tmp_path / "study.yaml", "--out", tmp_path / "run", "--workers", "1")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "run/results.json").read_text())
    cells = {cell["generator"]: cell for cell in results["cells"]}
    assert cells["ceiling"]["value"] == 0.0
    assert cells["beeps"]["n"] == 3
    assert cells["beeps"]["value"] > 0
    assert [(finding["item"], finding["reason"]) for finding in results["findings"]] == [
        ("c3.mp4", "listed in the metadata but not on disk")
    ]
    assert {clip["text"] for clip in results["clips"]} == {"one two three"}


def test_mistakes_are_told_as_the_pages_say(installed: Path, tmp_path: Path) -> None:
    study = {"name": "x", "datasets": [{"name": "listed", "root": str(tmp_path)}], "metrics": ["level-difference"]}
    (tmp_path / "study.yaml").write_text(
        yaml.safe_dump(study | {"generators": [{"name": "beeps", "options": {"pitch": 5}}]})
    )
    done = bench(installed, "run", tmp_path / "study.yaml", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "pitch must lie between 20 and 4000 Hz" in " ".join(done.stderr.split())


def test_every_command_of_the_pages_is_known() -> None:
    """A command that the docs name exists, with the options that they give it."""
    import typer

    from bench.cli.app import app

    group = typer.main.get_command(app)
    context = typer.Context(group)
    shown = [DOCS.parent / "README.md", *DOCS.rglob("*.md")]
    fenced = [re.findall(r"```\w*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL) for page in shown]
    lines = [line for blocks in fenced for block in blocks for line in block.splitlines()]
    commands = [line.split("#")[0].split()[1:] for line in lines if line.startswith("narrator-bench ")]
    assert len(commands) > 50
    for words in commands:
        command = group.get_command(context, words[0])  # type: ignore[attr-defined]
        assert command is not None, words
        if hasattr(command, "commands") and words[1:] and re.fullmatch("[a-z0-9]+", words[1]):
            command = command.commands.get(words[1])
            assert command is not None, words
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        for word in words:
            if re.fullmatch("--[a-z-]+", word):
                assert word in known, words


def test_pages_name_files_that_exist() -> None:
    for page in DOCS.rglob("*.md"):
        for name in re.findall(r"`((?:tests|bench|reports|metrics|docs)/[\w/.-]+\.(?:py|md|yaml))`", page.read_text()):
            assert (DOCS.parent / name).exists(), (page, name)
