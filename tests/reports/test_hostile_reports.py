"""Results files that are damaged or hostile: read properly, or refused in one sentence; nothing in them is obeyed."""

from __future__ import annotations

import csv as csv_module
import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.trial_run import cell, with_cells

import reports
from reports import rendering, writing
from reports.report import STAMP
from reports.results import MAX_BYTES, Results, ResultsError
from reports.tables import failures
from reports.text import harmless, visible
from reports.vega import bundle

Content = dict[str, Any]
RAW = "\x1b[31mred\x07 \u202egnp.exe \u2066x\u2069 \ud800 \x85 \u200b"


def changed(results: Results, path: Path, change: Callable[[Content], object]) -> None:
    content = results.model_dump(by_alias=True, mode="json")
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c["cells"][0].update(value=float("nan")), "NaN is no number"),
        (lambda c: c["cells"][0].update(value=float("inf")), "Infinity is no number"),
        (lambda c: c["cells"][0].update(generator="stranger"), "a cell names the generator 'stranger'"),
        (lambda c: c["cells"][0].update(dataset="stranger"), "a cell names the dataset 'stranger'"),
        (lambda c: c["cells"][0].update(metric="stranger"), "a cell names the metric 'stranger'"),
        (lambda c: c["profiles"][0].update(generator="stranger"), "a profile names the generator 'stranger'"),
        (lambda c: c["clips"][0].update(generator="stranger"), "a clip names the generator 'stranger'"),
        (lambda c: c["clips"][0].update(dataset="stranger"), "a clip names the dataset 'stranger'"),
        (lambda c: c["findings"][0].update(dataset="stranger"), "a finding names the dataset 'stranger'"),
        (lambda c: c["cells"].append(c["cells"][0]), "stands twice"),
        (lambda c: c["cells"][0].update(value=None, missing=None), "must have a value or a reason"),
        (lambda c: c["cells"][0].update(value=1.0, missing="silent"), "must have a value or a reason"),
        (lambda c: c["study"].update(generators=[]), "its study names no generator"),
        (lambda c: c["study"].update(datasets=[]), "its study names no dataset"),
        (lambda c: c["study"].update(metrics={}), "its study names no metric"),
        (lambda c: c.pop("cells"), "cells: Field required"),
        (lambda c: c.update(cells=3), "cells: "),
        (lambda c: c.update(schema="\x1b[31m"), "has schema "),
        (lambda c: c.update(schema=99), "has schema 99"),
    ],
)
def test_results_that_contradict_themselves(
    change: Callable[[Content], object], says: str, results: Results, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    changed(results, path, change)
    with pytest.raises(ResultsError) as refused:
        reports.render(tmp_path)
    said = str(refused.value)
    assert says in said
    assert str(path) in said
    assert said.isprintable()
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("34.21", "1e999"),
        lambda text: text.replace("34.21", "9" * 5000),
        lambda text: "[" * 200_000,
        lambda text: text + text,
        lambda text: "\x00" * 4096,
        lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
        lambda text: text.encode()[:-3] + b"\xff}",
    ],
)
def test_a_damaged_file_is_named(damage: Callable[[str], str | bytes], results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(path)
    broken = damage(path.read_text())
    path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(ResultsError, match=r"results\.json") as refused:
        Results.read(path)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("what", ["pipe", "folder", "huge"])
def test_what_is_no_file_to_read_is_not_opened(what: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(MAX_BYTES + 1)
    with pytest.raises(ResultsError, match=r"no regular file|larger than"):
        Results.read(path)


def test_a_byte_order_mark_is_no_part_of_the_results(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert Results.read(path) == results


def test_raw_characters_are_seen_in_every_format_and_obeyed_in_none(results: Results, tmp_path: Path) -> None:
    clip = results.clips[0].model_copy(update={"key": RAW, "text": RAW, "file": f"generated/{RAW}.mp4"})
    hostile = with_cells(
        [cell("STE", "fid", 1.0, notes=(RAW,), failed={RAW: RAW}, signature=RAW), cell("ETE", "fid", None)],
        clips=(clip,), notes=(RAW,), protocol={RAW: RAW}, environment={RAW: [RAW]},
    )  # fmt: skip
    hostile.write(tmp_path / "results.json")
    reports.render(tmp_path)
    files = [path for path in (tmp_path / "report").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".html", ".md", ".tex", ".csv", ".json", ".svg", ".pdf", ".png"}
    for path in files:
        if path.parent.name == "figures":
            continue  # which name what the study names, and nothing else
        text = path.read_text(encoding="utf-8").replace(bundle(), "")
        assert not set(text.replace("\n", "")) & set("\x1b\x07\x85\u202e\u2066\u2069\u200b\t"), path
        assert "U+202E" in text or r"\u202e" in text or path.stem == "cost", path


def test_ordinary_writing_stays_as_it_is() -> None:
    text = "Größe 中文 עברית فارسی\u200cها 👩\u200d🎤 naïve"
    assert visible(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =cmd|' /C calc'!A0"])
def test_no_text_is_a_formula_to_a_spreadsheet(text: str) -> None:
    assert harmless(text).startswith("'")
    cells = with_cells([cell("STE", "fid", 1.0, notes=(text,), failed={"k": text}, signature=text)])
    table = rendering.csv(rendering.score_frame(cells))
    for row in csv_module.reader(io.StringIO(table)):
        assert not any(value.lstrip().startswith(("=", "+", "@")) for value in row)
    assert float(next(csv_module.DictReader(io.StringIO(table)))["value"]) == 1.0


def test_a_report_that_cannot_be_written_is_one_sentence(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    (tmp_path / "report").write_text("in the way")
    with pytest.raises(ResultsError, match=r"Cannot write the report .*: make the run's folder writable"):
        reports.render(tmp_path)


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_report_is_whole_or_as_it_was(
    number: int, results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.write(tmp_path / "results.json")
    index = reports.render(tmp_path)
    before = index.read_bytes()
    (tmp_path / STAMP).unlink()  # or nothing would be written

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(writing.os, "replace", full)
    monkeypatch.setattr(writing.Path, "replace", full)
    with pytest.raises(OSError if number == errno.ENOSPC else ResultsError):
        reports.render(tmp_path)
    assert index.read_bytes() == before
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_failed_clips_are_named() -> None:
    failed = {f"clip{i}": "silent" for i in range(5)} | {"z": "too short"}
    said = failures(cell("STE", "fid", 1.0, failed=failed))
    assert said == "5 x silent (clip0, clip1, clip2 and 2 more); 1 x too short (z)"
