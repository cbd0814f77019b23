"""The results file: what is written comes back, in stable bytes, and anything else is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import reports
from reports import rows
from reports.results import Results, ResultsError


def test_it_comes_back_as_it_was(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    again = Results.read(tmp_path / "results.json")
    assert again == results
    again.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "results.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.json",
        "clip_scores.json",
        "costs.json",
        "environment.json",
        "results.json",
    ]


@pytest.fixture
def apart(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Results with three clips, written where no more than two stand in the results file."""
    monkeypatch.setattr(rows, "MOST_INSIDE", 2)
    texts = ("two\nlines", "\ud800 \u2028", "")
    clips = tuple(
        results.clips[0].model_copy(update={"key": f"clip{number}", "text": text}) for number, text in enumerate(texts)
    )
    many = results.model_copy(update={"clips": clips})
    many.write(tmp_path / "results.json")
    return many


def test_very_many_clips_stand_in_a_file_of_their_own(apart: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert Results.read(path) == apart
    content = json.loads(path.read_text())
    assert content["schema"] == 4
    assert content["clips"].keys() == {"file", "rows", "sha256"}
    lines = (tmp_path / rows.FILE).read_bytes().splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["clip0", "clip1", "clip2"]
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    Results.read(path).write(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    reports.render(tmp_path)
    assert (tmp_path / "report/index.html").is_file()
    few = apart.model_copy(update={"clips": apart.clips[:2]})
    few.write(path)
    assert not (tmp_path / rows.FILE).exists()
    assert json.loads(path.read_text())["schema"] == 3
    assert Results.read(path) == few


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: None, "is not there"),
        (lambda lines: lines[:2], "belongs to other results"),
        (lambda lines: lines[::-1], "belongs to other results"),
        (lambda lines: [*lines[:2], lines[2][:20]], "is damaged in row 3"),
        (lambda lines: [b"NaN\n", *lines[1:]], "is damaged in row 1"),
        (lambda lines: [b"[" * 10**5 + b"\n", *lines[1:]], "is damaged in row 1"),
        (lambda lines: [b"[1]\n", *lines[1:]], "holds no clip in row 1"),
        (lambda lines: [b'{"key": "x"}\n', *lines[1:]], "holds no clips: dataset: Field required"),
        (lambda lines: [b" " * (rows.LONGEST + 1)], "has a row of more than 16 MiB, row 1"),
    ],
)
@pytest.mark.usefixtures("apart")
def test_rows_that_are_not_these_clips_are_refused(
    damage: Callable[[list[bytes]], list[bytes] | None], message: str, tmp_path: Path
) -> None:
    file = tmp_path / rows.FILE
    damaged = damage(file.read_bytes().splitlines(keepends=True))
    file.unlink()
    if damaged is not None:
        file.write_bytes(b"".join(damaged))
    with pytest.raises(ResultsError, match=message) as refused:
        Results.read(tmp_path / "results.json")
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("told", [None, [], {"file": "../clips.jsonl", "rows": 3, "sha256": ""}])
def test_another_file_is_not_followed(told: object, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"clips": told}))
    with pytest.raises(ResultsError, match="is not what the results name"):
        Results.read(path)


def test_clip_scores_belong_to_their_cells(results: Results, tmp_path: Path) -> None:
    cells = list(results.cells)
    place = next(place for place, cell in enumerate(cells) if cell.value is not None)
    value = cells[place].value or 0.0
    cells[place] = cells[place].model_copy(update={"by_clip": {"a": value - 1, "b": value + 1}})
    whole = results.model_copy(update={"cells": tuple(cells)})
    whole.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == whole
    assert "by_clip" not in (tmp_path / "results.json").read_text()
    scores = tmp_path / "clip_scores.json"
    scores.write_text(scores.read_text().replace(f'"b": {value + 1}', f'"b": {value + 3}'))
    with pytest.raises(ResultsError, match="have a mean of"):
        Results.read(tmp_path / "results.json")
    for content in ("[1]", '{"a": {"b": {"c": {"d": NaN}}}}', '{"a": {"b": {"c": {"d": "x"}}}}'):
        scores.write_text(content)
        with pytest.raises(ResultsError):
            Results.read(tmp_path / "results.json")


def test_the_order_of_failures_does_not_matter(results: Results, tmp_path: Path) -> None:
    for name, failed in (("one", {"a": "x", "b": "y"}), ("two", {"b": "y", "a": "x"})):
        cell = results.cells[0].model_copy(update={"failed": failed})
        changed = Results.model_validate(results.model_dump(by_alias=True) | {"cells": [cell.model_dump()]})
        changed.write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Cannot read"),
        ("[]", "schema None"),
        ('{"schema": 1}', "schema 1, this version reads schema 3"),
        ('{"schema": 3}', "study: Field required"),
    ],
)
def test_anything_else_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ResultsError, match=message) as refused:
        Results.read(tmp_path / "results.json")
    assert "\n" not in str(refused.value)


def test_no_file_and_unknown_fields_are_refused(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="Cannot read"):
        Results.read(tmp_path / "results.json")
    content = results.model_dump(by_alias=True, mode="json")
    content["cells"][0]["score"] = 1
    (tmp_path / "results.json").write_text(json.dumps(content))
    with pytest.raises(ResultsError, match=r"cells\.0\.score"):
        Results.read(tmp_path / "results.json")
