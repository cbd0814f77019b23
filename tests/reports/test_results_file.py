"""The results file: what is written comes back, in stable bytes, and anything else is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
