"""Footnotes: one for what differs in numbers only, and the numbers of each cell where programs read them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from support.large_run import large_run
from support.trial_run import cell, with_cells

import reports
from reports.footnotes import Footnotes
from reports.tables import GATHERED, score_table


@pytest.mark.parametrize(
    ("texts", "together"),
    [
        (["n = 6 is below 50 clips", "n = 8 is below 50 clips"], ["n = 6 or 8 is below 50 clips"]),
        ([f"{n} vectors in 2048 dimensions" for n in (9, 120, 30, 4)], ["4 to 120 vectors in 2048 dimensions"]),
        (["of fad-mn04, i3d", "of fad-mn05, i3d"], ["of fad-mn04, i3d", "of fad-mn05, i3d"]),  # names, not numbers
        (["version 1.2.3", "version 1.2.4"], ["version 1.2.3", "version 1.2.4"]),
        (["n = 6", "n = 6"], ["n = 6"]),
        (["0.25 s", "1 s", "a 2"], ["0.25 or 1 s", "a 2"]),
    ],
)
def test_sentences_that_differ_in_numbers_are_one(texts: list[str], together: list[str]) -> None:
    notes = Footnotes()
    numbers = [notes.number(text) for text in texts]
    assert notes.texts == together
    assert sorted(set(numbers)) == list(range(1, len(together) + 1))
    assert notes.gathered == (len(together) < len(set(texts)))


def test_failures_of_one_kind_are_one() -> None:
    notes = Footnotes()
    assert notes.failures({"a": "silent", "b": "silent"}) == notes.failures({"c": "silent"}) == 1
    assert notes.failures({"a": "silent", "z": "too short"}) == 2
    assert notes.texts == ["Not measured: 1 or 2 x silent (a, b, c)", "Not measured: 1 x silent (a); 1 x too short (z)"]


def test_a_large_table_has_one_note_of_bias_and_the_files_the_numbers(tmp_path: Path) -> None:
    large = large_run()
    table = score_table(large)
    assert table.footnotes == (
        "243 to 250 feature vectors in 2048 dimensions: small-sample bias is a large part of the score",
    )
    assert GATHERED in table.remarks
    assert "n = 50 clips per value." in table.caption
    assert "Protocol 5ef8ba01: fps 25" in table.caption
    large.write(tmp_path / "results.json")
    reports.render(tmp_path)
    tables = tmp_path / "report" / "tables"
    with (tables / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = json.loads((tables / "scores.json").read_text(encoding="utf-8"))
    for told in (rows, found):
        own = {row["notes"] for row in told if row["metric"] == "fid"}
        assert len(own) == 8  # generators and bounds
    assert [row["value"] for row in found] == [cell.value for cell in large.cells]
    assert [float(row["value"]) for row in rows] == [cell.value for cell in large.cells]


def test_counts_that_differ_stand_beside_the_values() -> None:
    table = score_table(with_cells([cell("STE", "fid", 34.21), cell("ETE", "fid", 42.88, n=5)]))
    assert table.caption.startswith("n = 5 to 6 clips per value, in brackets.")
    entries = [row.entries[0].small for row in table.groups[0]]
    assert entries[:2] == ["[33.21, 35.21] (6)", "[41.88, 43.88] (5)"]
