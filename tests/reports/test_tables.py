"""Tables: what is marked, what is missing and why, and that hostile names survive every format."""

from __future__ import annotations

import csv
import io

import pytest
from support.trial_run import METRICS, VALUES, cell, with_cells

from reports.latex import latex
from reports.markdown import markdown
from reports.numbers import fixed
from reports.results import Profile, Results, Study
from reports.tables import NOT_COMPARABLE, cost_table, score_frame, score_table, stage_table
from reports.terminal import plain, terminal_tables

HOSTILE = r"50% _a_ & #1 {x} \y ~z ^2 $m$ <script>alert('1')</script> | `c` [l](u) é Ž 中 🙂 " + '\x1b[31m\n"q"'


def marked(results: Results) -> dict[tuple[str, int], str]:
    rows = score_table(results).groups[0]
    return {(row.labels[1], place): e.mark for row in rows for place, e in enumerate(row.entries) if e.mark}


def test_best_and_second_best_follow_the_direction_and_leave_bounds_out(results: Results) -> None:
    assert marked(results) == {
        ("STE", 0): "best", ("ETE", 0): "second",
        ("STE", 1): "best",
    }  # fmt: skip


def test_bounds_stand_last_and_apart(results: Results) -> None:
    rows = score_table(results).groups[0]
    assert [row.labels[1] for row in rows] == ["STE", "ETE", "still", "ceiling", "chance"]
    assert [row.bound for row in rows] == [False] * 3 + [True] * 2


def test_bounds_are_known_by_their_plugin_whatever_their_label() -> None:
    cells = [cell(name, "fid", value) for name, value in (("ground-truth", 0.0), ("chance", 5.0), ("mine", 9.0))]
    names = ("ground-truth", "chance", "mine")
    plugins = {"ground-truth": "ceiling", "chance": "folder", "mine": "command"}
    study = Study(name="trial", seed=3, datasets=("voxceleb",), generators=names, metrics=METRICS, plugins=plugins)
    rows = score_table(with_cells(cells, study=study)).groups[0]
    assert [(row.labels[1], row.bound) for row in rows] == [("chance", False), ("mine", False), ("ground-truth", True)]
    assert [row.entries[0].mark for row in rows] == ["best", None, None]


def test_values_made_differently_are_not_ranked() -> None:
    results = with_cells([cell("STE", "fid", 1.0), cell("ETE", "fid", 2.0, signature="fid|version:2")])
    assert not marked(results)
    assert NOT_COMPARABLE in score_table(results).footnotes


def test_a_missing_cell_is_a_dash_with_its_reason(results: Results) -> None:
    table = score_table(results)
    entry = table.groups[0][1].entries[1]
    assert entry.text == "—"
    (number,) = entry.footnotes
    assert table.footnotes[number - 1] == "Missing: no clip could be scored: silent"
    assert f"—<sup>{number}</sup>" in markdown(table)


def test_failures_are_counted_beside_the_value() -> None:
    failed = {"a": "silent", "b": "silent", "c": "too short", **{f"d{i}": "lost" for i in range(5)}}
    table = score_table(with_cells([cell("STE", "fid", 34.21, failed=failed)]))
    said = "Not measured: 5 x lost (d0, d1, d2 and 2 more); 2 x silent (a, b); 1 x too short (c)"
    assert said in table.footnotes


def test_notes_of_a_whole_column_stand_at_its_heading() -> None:
    cells = [cell("STE", "fid", 1.0, notes=("few clips",)), cell("ETE", "fid", 2.0, notes=("few clips", "clamped"))]
    table = score_table(with_cells(cells))
    few, clamped = table.footnotes.index("few clips") + 1, table.footnotes.index("clamped") + 1
    assert table.headings[0].footnotes == (few,)
    by_generator = {row.labels[1]: row.entries[0].footnotes for row in table.groups[0]}
    assert (by_generator["STE"], by_generator["ETE"]) == ((), (clamped,))


def test_every_format_says_value_interval_count_protocol_notes_and_signature(results: Results) -> None:
    table = score_table(results)
    for text in (markdown(table), latex(table), terminal_tables(results)):
        for part in (
            "34.21",
            "[33.21, 35.21]",
            "n = 6 clips per value",
            "25, sample",
            "Synthetic corpus.",
            "trial",
            "FID",
        ):
            assert part in text.replace(r"sample\_rate", "sample_rate").replace("{[}", "[").replace("{]}", "]"), part
    assert "**34.21** [33.21, 35.21]" in markdown(table)
    assert "`fid|version:1`" in markdown(table)
    assert "MCD (dB) ↓" in markdown(table)
    assert r"\textbf{34.21}" in latex(table)
    assert "34.21*" in terminal_tables(results)


def test_equal_titles_are_told_apart(results: Results) -> None:
    metrics = {"fid": results.study.metrics["fid"], "fid-clean": results.study.metrics["fid"]}
    study = results.study.model_copy(update={"metrics": metrics})
    table = score_table(results.model_copy(update={"study": study}))
    assert [heading.text for heading in table.headings] == ["FID (fid) ↓", "FID (fid-clean) ↓"]


def test_csv_holds_every_field(results: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(score_frame(results).to_csv(index=False))))
    assert len(rows) == len(results.cells)
    first = next(row for row in rows if (row["generator"], row["metric"]) == ("STE", "fid"))
    assert (float(first["value"]), first["n"], first["signature"]) == (34.21, "6", "fid|version:1")
    missing = next(row for row in rows if row["missing"])
    assert missing["value"] == ""


def test_costs_are_per_clip_and_only_of_what_was_made(results: Results) -> None:
    table = cost_table(results)
    assert table is not None
    ((row,),) = table.groups
    shown = dict(zip((heading.text for heading in table.headings), (e.text for e in row.entries), strict=True))
    assert shown == {
        "clips": "4", "failed": "2", "real-time factor": "0.500", "frames/s": "50.00", "s per clip": "2.000",
        "host peak (MiB)": "812",
    }  # fmt: skip
    stages = stage_table(results)
    assert stages is not None
    rows = [(row.labels, [entry.text for entry in row.entries]) for row in stages.groups[0]]
    assert rows == [
        (("voxceleb", "STE", "video"), ["1.500", "75 %"]), (("voxceleb", "STE", "speech"), ["0.500", "25 %"]),
    ]  # fmt: skip
    nothing = with_cells([], profiles=())
    assert cost_table(nothing) is None
    assert stage_table(nothing) is None


def test_costs_fit_a_terminal_whatever_the_generators_do() -> None:
    stages = {f"a stage with a long name {i}": float(i) for i in range(12)}
    peaks = {"host": 81234.0, "gpu": 71234.0}
    profiles = tuple(
        Profile(
            dataset="voxceleb", generator=name, clips=4, failed=0, stages=stages, seconds=66.0, media_seconds=16.0,
            frames=400, real_time_factor=4.125, frames_per_second=6.06, peak_memory_mib=peaks,
        )
        for name in VALUES
    )  # fmt: skip
    results = with_cells([], profiles=profiles, protocol={}, notes=())
    for table in (cost_table(results), stage_table(results)):
        assert table is not None
        lines = [line for line in plain(table).splitlines() if line]
        assert max(map(len, lines[:-2])) <= 120


@pytest.mark.parametrize(
    ("value", "text"),
    [(2720.41, "2720"), (34.214, "34.21"), (0.1239, "0.124"), (0, "0.000"), (-3.5, "-3.500"), (None, "—")],
)
def test_numbers_have_four_digits(value: float | None, text: str) -> None:
    assert fixed(value) == text


def hostile_results() -> Results:
    cells = [cell(g, "fid", v[0], notes=(HOSTILE,), failed={"k": HOSTILE}) for g, v in VALUES.items()]
    return with_cells(cells, notes=(HOSTILE,))


def test_markdown_cannot_be_broken_out_of() -> None:
    text = markdown(score_table(hostile_results()))
    assert "<script>" not in text
    assert "[l](u)" not in text.replace(r"\[l\](u)", "")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in table} == {6}


def test_the_terminal_obeys_nothing() -> None:
    assert "\x1b" not in terminal_tables(hostile_results())
