"""A run over prompts without reference clips: what needs one is missing with its reason, the rest is computed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.scoring.cells import NO_PAIRS, NO_SET

pytestmark = pytest.mark.weights


@pytest.fixture
def mine(tmp_path: Path, clips: Path) -> Path:
    """Four prompts by CSV, whose narrations exist already, and a study over them."""
    Image.new("RGB", (32, 32), (9, 90, 9)).save(tmp_path / "face.png")
    (tmp_path / "real").mkdir()
    for clip in sorted(clips.glob("clip*.mp4")):
        for suffix in (".mp4", ".wav"):
            (tmp_path / "real" / clip.name).with_suffix(suffix).write_bytes(clip.with_suffix(suffix).read_bytes())
    (tmp_path / "voice.wav").write_bytes((clips / "clip0.wav").read_bytes())
    _write(tmp_path, [""] * 4)
    return tmp_path


def _write(root: Path, references: list[str]) -> None:
    rows = [f"number {n} speaks,face.png,voice.wav,clip{n},{ref}" for n, ref in enumerate(references)]
    (root / "prompts.csv").write_text("\n".join(["text,image,voice,key,reference", *rows]) + "\n")


def run(
    cli: Callable[..., Any], root: Path, clips: Path, options: str = "{}"
) -> tuple[Any, dict[tuple[str, str], Any]]:
    (root / "study.yaml").write_text(
        f"name: mine\ndatasets: [{{name: mine, plugin: prompts, root: ., options: {options}}}]\n"
        f"generators: [{{name: theirs, plugin: folder, options: {{root: {clips}}}}}]\n"
        "metrics: [mcd, loudness, {name: fid, options: {width: 64, stride: 20}}]\n"
    )
    outcome = cli("run", root / "study.yaml", "--out", root / "run", "--workers", "1")
    results = json.loads((root / "run/results.json").read_text())
    return outcome, {(cell["generator"], cell["metric"]): cell for cell in results["cells"]}


def test_without_references(cli: Callable[..., Any], mine: Path, clips: Path) -> None:
    outcome, cells = run(cli, mine, clips)
    assert outcome.code == 0, outcome.err
    assert {cell["missing"] for (_, metric), cell in cells.items() if metric == "mcd"} == {NO_PAIRS}
    assert cells["theirs", "fid"]["missing"] == NO_SET

    outcome, cells = run(cli, mine, clips, "{references: real}")
    assert outcome.code == 0, outcome.err
    found = cells["theirs", "fid"]
    assert (found["n"], found["failed"]) == (4, {})
    assert found["value"] == pytest.approx(0, abs=1e-6)  # the narrations are the real clips
    assert cells["theirs", "mcd"]["missing"] == NO_PAIRS
    assert (cells["theirs", "loudness"]["n"], cells["theirs", "loudness"]["missing"]) == (4, None)
    assert cells["ceiling", "fid"]["value"] is not None
    assert cells["chance", "fid"]["missing"]
    before = {path.name: path.read_bytes() for path in (mine / "run/prompts/mine").iterdir()}
    record = (mine / "run/generated/theirs/mine/clip0.json").read_text()
    assert "clip0.mp4" in record
    page = (mine / "run/report/index.html").read_text()
    assert "number 0 speaks" in page

    Image.new("RGB", (32, 32), (90, 9, 9)).save(mine / "face.png")
    assert run(cli, mine, clips, "{references: real}")[0].code == 0
    after = {path.name: path.read_bytes() for path in (mine / "run/prompts/mine").iterdir()}
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    assert (mine / "run/generated/theirs/mine/clip0.json").read_text() != record  # another image, another narration


def test_some_have_references(cli: Callable[..., Any], mine: Path, clips: Path) -> None:
    _write(mine, ["real/clip0.mp4", "", "real/clip2.mp4", ""])
    outcome, cells = run(cli, mine, clips)
    assert outcome.code == 0, outcome.err
    for metric in ("mcd", "fid"):
        found = cells["theirs", metric]
        assert (found["n"], found["value"], found["failed"]) == (2, pytest.approx(0, abs=1e-6), {})
        assert "2 of 4 prompts have no reference clip and take no part" in found["notes"]
    assert cells["ceiling", "mcd"]["value"] == pytest.approx(0, abs=1e-6)
    assert cells["chance", "mcd"]["value"] > 1
    assert (cells["theirs", "loudness"]["n"], cells["ceiling", "loudness"]["n"]) == (4, 2)
