"""The page: it parses, it links what is there, it cannot be broken out of, and it is the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.parsed_page import Parsed
from support.trial_run import cell, with_cells

import reports
from reports.results import Results

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def rendered(results: Results, run: Path) -> Parsed:
    results.write(run / "results.json")
    index = reports.render(run)
    assert index == run / "report" / "index.html"
    return Parsed(index.read_text(encoding="utf-8"))


def test_everything_is_on_the_page(results: Results, tmp_path: Path) -> None:
    page = rendered(results, tmp_path)
    for text in ("trial", "Synthetic corpus.", "34.21", "sample rate", "16000", "Hello there.", "x.mp4: no sound"):
        assert text in page.text, text
    assert "fid|version:1" in page.text
    assert "Missing: no clip could be scored: silent" in page.text
    assert "real-time factor" in page.text


def test_clips_are_linked_from_where_the_page_lies(results: Results, tmp_path: Path) -> None:
    sources = [video["src"] for video in rendered(results, tmp_path).all("video")]
    names = ["references/a%20b%231.mp4", *(f"generated/{g}/a%20b%231.mp4" for g in ("STE", "ETE", "ceiling"))]
    assert sources == [f"../{name}" for name in names]


def test_the_page_stands_alone(results: Results, tmp_path: Path) -> None:
    page = rendered(results, tmp_path)
    assert not page.all("link")
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert not (attributes.get(name) or "").startswith(("http", "//"))


def test_a_clip_that_failed_says_why(results: Results, tmp_path: Path) -> None:
    clips = (results.clips[0].model_copy(update={"file": None, "error": "no face in the driving image"}),)
    assert "no face in the driving image" in rendered(results.model_copy(update={"clips": clips}), tmp_path).text


def test_hostile_text_stays_text(results: Results, tmp_path: Path) -> None:
    clip = results.clips[0].model_copy(
        update={"key": ATTACK, "text": ATTACK, "file": f"generated/{ATTACK}.mp4", "text_source": ATTACK}
    )
    hostile = with_cells(
        [cell("STE", "fid", 1.0, notes=(ATTACK,), failed={ATTACK: ATTACK}, signature=ATTACK), cell("ETE", "fid", None)],
        clips=(clip,), notes=(ATTACK,), protocol={ATTACK: ATTACK}, environment={"x": [ATTACK]},
    )  # fmt: skip
    page = rendered(hostile, tmp_path)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert ATTACK in page.text


def test_equal_results_give_equal_bytes(results: Results, tmp_path: Path) -> None:
    content = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        rendered(results, tmp_path / name)
        files = sorted(path for path in (tmp_path / name / "report").rglob("*") if path.is_file())
        content.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert content[0] == content[1]
    assert {path.name for path in content[0]} == {
        "index.html", "scores.md", "scores.csv", "scores.tex", "cost.md", "cost.csv", "cost.tex",
    }  # fmt: skip


def test_many_prompts_fold_away(results: Results, tmp_path: Path) -> None:
    clips = tuple(results.clips[0].model_copy(update={"key": f"k{i}"}) for i in range(8))
    page = rendered(results.model_copy(update={"clips": clips}), tmp_path)
    assert "2 more" in page.text
    assert [video["preload"] for video in page.all("video")] == ["metadata"] * 12 + ["none"] * 4


def test_the_page_of_a_large_run_is_bounded(results: Results, tmp_path: Path) -> None:
    clips = tuple(results.clips[0].model_copy(update={"key": f"k{i:04}"}) for i in range(500))
    findings = tuple(results.findings[0].model_copy(update={"item": f"left{i:04}.mp4"}) for i in range(1500))
    page = rendered(results.model_copy(update={"clips": clips, "findings": findings}), tmp_path)
    assert "194 more" in page.text
    assert "The other 300 prompts are left out of this page" in page.text
    assert "left0999.mp4" in page.text
    assert "left1000.mp4" not in page.text
    assert "500 more are in results.json" in page.text
    assert len(page.all("video")) == 400


@pytest.mark.parametrize("fields", [{"cells": ()}, {"clips": ()}, {"profiles": ()}, {"findings": (), "notes": ()}])
def test_a_page_without_a_part_still_renders(fields: dict[str, tuple[()]], results: Results, tmp_path: Path) -> None:
    assert "trial" in rendered(results.model_copy(update=fields), tmp_path).text
