"""The page: it parses, it links what is there, it cannot be broken out of, and it is the same each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.parsed_page import Parsed
from support.trial_run import cell, with_cells

import reports
from reports.results import Results

SCRIPTS = 5
"""Two of data, Vega-Lite, the page's and the gallery's."""
ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def rendered(results: Results, run: Path) -> Parsed:
    results.write(run / "results.json")
    index = reports.render(run)
    assert index == run / "report" / "index.html"
    return Parsed(index.read_text(encoding="utf-8"))


def embedded(page: Parsed) -> Any:
    """The data of the page's script."""
    return json.loads(page.inside["data"])


def test_everything_is_on_the_page(results: Results, tmp_path: Path) -> None:
    page = rendered(results, tmp_path)
    for text in ("trial", "Synthetic corpus.", "34.21", "sample rate", "16000", "Hello there.", "x.mp4: no sound"):
        assert text in page.text, text
    assert "fid|version:1" in page.text
    assert "Missing: no clip could be scored: silent" in page.text
    assert "real-time factor" in page.text


def test_clips_are_linked_from_where_the_page_lies(results: Results, tmp_path: Path) -> None:
    (tmp_path / "traces.json").write_text(json.dumps({"generated/STE/a b#1.mp4": "traces/x 1.svg", "other": 3}))
    (prompt,) = embedded(rendered(results, tmp_path))["prompts"]
    assert prompt["reference"] == {"file": "../references/a%20b%231.mp4"}
    assert {name: take["file"] for name, take in prompt["takes"].items() if "file" in take} == {
        name: f"../generated/{name}/a%20b%231.mp4" for name in ("STE", "ETE", "ceiling")
    }
    assert prompt["takes"]["STE"]["trace"] == "../traces/x%201.svg"
    assert "trace" not in prompt["takes"]["ETE"]


@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 200_000, '"x"'])
def test_a_damaged_list_of_traces_costs_the_traces_alone(content: str, results: Results, tmp_path: Path) -> None:
    (tmp_path / "traces.json").write_text(content)
    assert "Hello there." in rendered(results, tmp_path).text


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
    assert len(page.all("script")) == SCRIPTS
    assert embedded(page)["prompts"][0]["text"] == ATTACK
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
        "index.html",
        *(f"{name}.{kind}" for name in ("scores", "stages") for kind in ("svg", "pdf", "png")),
        *(f"{name}.{kind}" for name in ("scores", "cost") for kind in ("md", "csv", "tex", "json")),
    }  # fmt: skip


def test_the_page_of_a_large_run_is_bounded(results: Results, tmp_path: Path) -> None:
    clips = tuple(results.clips[0].model_copy(update={"key": f"k{i:04}"}) for i in range(1200))
    findings = tuple(results.findings[0].model_copy(update={"item": f"left{i:04}.mp4"}) for i in range(1500))
    page = rendered(results.model_copy(update={"clips": clips, "findings": findings}), tmp_path)
    assert "one of 3 prompts" in page.text
    assert len(json.loads(page.inside["data"])["prompts"]) == 400
    assert "left0999.mp4" in page.text
    assert "left1000.mp4" not in page.text
    assert "500 more are in results.json" in page.text


@pytest.mark.parametrize("fields", [{"cells": ()}, {"clips": ()}, {"profiles": ()}, {"findings": (), "notes": ()}])
def test_a_page_without_a_part_still_renders(fields: dict[str, tuple[()]], results: Results, tmp_path: Path) -> None:
    assert "trial" in rendered(results.model_copy(update=fields), tmp_path).text
