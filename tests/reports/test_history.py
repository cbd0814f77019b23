"""Several runs: what shares a column, what is ranked and compared, and that nothing of it is obeyed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from support.large_run import large_run
from support.parsed_page import Parsed
from support.trial_run import METRICS, cell, with_cells

from reports.history import History, history
from reports.history_rendering import history_json, history_text, render_history
from reports.history_tables import ABSENT, OTHER_CLIPS, OTHER_WAY, history_tables, leaderboard, trend
from reports.results import Cell, Clip, Results, Study
from reports.tables import Table

HOSTILE = "<script>alert(1)</script> {{ 7*7 }} \\input{x} & % =cmd \u202e"
NOISE = [-1.0, 0.5, 0.0, 1.0, -0.5, 0.2, -0.2, 0.7]


def scored(generator: str, metric: str, value: float, **fields: object) -> Cell:
    by_clip = {f"k{i}": value + noise for i, noise in enumerate(NOISE)}
    mean = sum(by_clip.values()) / len(by_clip)
    return cell(generator, metric, mean, low=mean - 9, high=mean + 9, n=8, by_clip=by_clip, protocol="p", **fields)


def clips(prompt: str = "a") -> tuple[Clip, ...]:
    return tuple(
        Clip(
            dataset="voxceleb", generator="STE", key=f"k{i}", file=None, reference=None, text="", text_source="",
            voice_source="", prompt=prompt, reference_identity="r",
        )
        for i in range(8)
    )  # fmt: skip


def run(*cells: Cell, prompt: str = "a", **fields: object) -> Results:
    study = Study(name="s", seed=3, datasets=("voxceleb",), generators=("STE", "ETE", "ceiling"), metrics=METRICS)
    return with_cells(list(cells), **{"study": study, "clips": clips(prompt), "profiles": (), **fields})


def cells_of(table: Table) -> dict[tuple[str, ...], list[str]]:
    return {row.labels: [entry.text for entry in row.entries] for group in table.groups for row in group}


def test_a_trend_has_every_run_and_what_the_data_resolve() -> None:
    made = history([
        ("jan", run(scored("STE", "fid", 30), scored("ETE", "fid", 40))),
        ("feb", run(scored("STE", "fid", 28), scored("ETE", "fid", 40))),
    ])  # fmt: skip
    (column,) = made.columns
    table = trend(made, column)
    assert [heading.text for heading in table.headings] == ["jan", "feb", "last less first"]
    rows = {row.labels[1]: row.entries for row in table.groups[0]}
    assert rows["STE"][2].text == "-2.000"
    assert rows["STE"][2].small.endswith("better")  # beyond the paired interval, though the intervals overlap
    assert rows["ETE"][2].text == "+0.000"
    assert "better" not in rows["ETE"][2].small


@pytest.mark.parametrize("field", ["signature", "protocol"])
def test_another_signature_or_protocol_is_another_column(field: str) -> None:
    other = scored("STE", "fid", 1.0).model_copy(update={field: "fid|version:2"})
    made = history([("jan", run(scored("STE", "fid", 30), scored("ETE", "fid", 40))), ("feb", run(other))])
    assert [column.number for column in made.columns] == [1, 2]
    first = trend(made, made.columns[0])
    assert cells_of(first)["voxceleb", "STE"][1:] == ["—", "—"]
    assert OTHER_WAY in first.footnotes
    board = leaderboard(made)
    assert [heading.text for heading in board.headings] == ["mean rank", "FID ↓ (1)", "FID ↓ (2)"]
    assert any(f"Column 2 of fid: {field}" in text for text in board.footnotes)
    values = cells_of(board)
    assert values["voxceleb", "STE", "feb"][0] == "—"  # alone in its column: no rank
    assert not any(entry.mark for group in board.groups for row in group for entry in row.entries)


def test_what_was_a_single_column_would_have_ranked_them() -> None:
    """The known-wrong variant: with one signature the same numbers are ranked."""
    made = history(
        [("jan", run(scored("STE", "fid", 30), scored("ETE", "fid", 40))), ("feb", run(scored("STE", "fid", 1)))]
    )
    board = leaderboard(made)
    marked = {
        row.labels[1:]: entry.mark for group in board.groups for row in group for entry in row.entries if entry.mark
    }
    assert marked == {("STE", "feb"): "best"}


def test_other_prompts_are_neither_ranked_nor_compared() -> None:
    made = history([
        ("jan", run(scored("STE", "fid", 30), scored("ETE", "fid", 40))),
        ("feb", run(scored("STE", "fid", 30), prompt="b")),
    ])  # fmt: skip
    board, moved = leaderboard(made), trend(made, made.columns[0])
    assert OTHER_CLIPS in board.footnotes
    assert OTHER_CLIPS in moved.footnotes
    assert moved.groups[0][0].entries[-1] == ABSENT
    assert ("clips of voxceleb", "8", "8, of which 0 as before") in [(c.what, c.was, c.now) for c in made.changes]


def test_the_leaderboard_takes_each_generators_latest_run_and_leaves_bounds_out() -> None:
    made = history([
        ("jan", run(scored("STE", "fid", 30), scored("ETE", "fid", 20), scored("ceiling", "fid", 1))),
        ("feb", run(scored("STE", "fid", 10))),
    ])  # fmt: skip
    rows = cells_of(leaderboard(made))
    assert list(rows) == [
        ("voxceleb", "STE", "feb"), ("voxceleb", "ETE", "jan"), ("voxceleb", "ceiling", "jan"),
    ]  # fmt: skip
    assert [row[0] for row in rows.values()] == ["1.0", "2.0", "—"]


def test_changes_of_protocol_environment_study_and_signature_are_told() -> None:
    first = run(scored("STE", "fid", 1), environment={"packages": {"torch": "2.6"}, "gpu": None})
    second = run(
        scored("STE", "fid", 1, signature="fid|version:2"), protocol={"fps": 30},
        environment={"packages": {"torch": "2.7"}, "gpu": {"name": "H"}},
    )  # fmt: skip
    made = history([("jan", first), ("feb", second), ("mar", second)])
    told = {(change.run, change.what): (change.was, change.now) for change in made.changes}
    assert told == {
        ("feb", "protocol.fps"): ("25", "30"),
        ("feb", "protocol.sample_rate"): ("16000", "—"),
        ("feb", "fid: version"): ("1", "2"),
        ("feb", "environment.packages.torch"): ("2.6", "2.7"),
        ("feb", "environment.gpu.name"): ("—", "H"),
    }


def test_the_files_hold_every_value_and_the_same_bytes(tmp_path: Path) -> None:
    small = large_run(clips=6, generators=("a", "b"), datasets=("hdtf",))
    made = history([("jan", small), ("feb", small)])
    for folder in ("one", "two"):
        assert render_history(made, tmp_path / folder) == tmp_path / folder / "index.html"
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert [str(path) for path in files] == [
        "figures/history-1.svg", "history.csv", "history.json", "history.md", "history.tex", "index.html",
    ]  # fmt: skip
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()
    rows = list(csv.DictReader((tmp_path / "one" / "history.csv").open(encoding="utf-8")))
    assert [float(row["value"]) for row in rows] == [cell.value for cell in (*small.cells, *small.cells)]
    content = json.loads(history_json(made))
    assert [column["name"] for column in content["columns"]][:2] == ["FAD-GE2E ↓", "MCD (dB) ↓"]
    assert content["changes"] == []
    assert [table.title for table in history_tables(made)][-1] == "Trend of FVMD-LK ↓"  # nothing changed


def test_hostile_names_are_text_everywhere(tmp_path: Path) -> None:
    hostile = cell(HOSTILE, "fid", 1.0, notes=(HOSTILE,), signature=HOSTILE)
    study = Study(name=HOSTILE, seed=1, datasets=("voxceleb",), generators=(HOSTILE,), metrics=METRICS)
    made = history([(HOSTILE, run(hostile, study=study)), ("b", run(hostile, study=study, environment={"x": HOSTILE}))])
    page = Parsed(render_history(made, tmp_path).read_text(encoding="utf-8"))
    assert not page.all("script")
    assert "<script>alert(1)</script> {{ 7*7 }} \\input{x} & % =cmd [U+202E]" in page.text
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert "\u202e" not in path.read_text(encoding="utf-8"), path
    for line in (tmp_path / "history.md").read_text(encoding="utf-8").splitlines():
        assert "<script>" not in line or line.startswith("- `"), line  # a code span is text
    for line in (tmp_path / "history.tex").read_text(encoding="utf-8").splitlines():
        assert "\\input{x}" not in line or line.startswith("% "), line
    assert "\u202e" not in history_text(made)


def test_a_history_needs_two_runs_of_two_names() -> None:
    for named in ([("a", run())], [("a", run()), ("a", run())]):
        with pytest.raises(ValueError, match="two runs or more"):
            history(named)
    assert isinstance(history([("a", run()), ("b", run())]), History)
    assert history_tables(history([("a", run()), ("b", run())]))[0].groups == ()
