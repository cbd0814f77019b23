"""A sweep's report: tables and plots by step, the best by the rule, and how often it stays so."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.trial_run import METRICS, cell, with_cells

import reports
from reports.contest import FEWEST, contest, percent, shares_of_best
from reports.curves import curves
from reports.latex import latex
from reports.markdown import markdown
from reports.results import Best, Results, ResultsError, Study, SweepPoint
from reports.sweep import sweep_frame, sweep_tables
from reports.terminal import terminal_tables

STEPS = (20, 3, 100)
SCORES = {20: [2, 3, 1, 4, 2, 3], 3: [5, 6, 4, 7, 5, 6], 100: [1, 3, 2, 5, 1, 3.6]}


def swept(best: Best | None = None, scores: Any = SCORES, datasets: tuple[str, ...] = ("voxceleb",)) -> Results:
    """Three checkpoints and `still`: MCD with scores clip by clip, STOI without."""
    cells = [cell("still", "mcd", 9.0)]
    for dataset, (step, values) in product(datasets, scores.items()):
        label = f"mine@{step}"
        by_clip = {f"clip{number}": float(value) for number, value in enumerate(values) if value is not None}
        mean = sum(by_clip.values()) / len(by_clip)
        cells.append(cell(label, "mcd", mean, by_clip=by_clip, dataset=dataset))
        cells.append(cell(label, "stoi", 1 / mean, dataset=dataset))
    labels = [f"mine@{step}" for step in scores]
    study = Study(
        name="trial", seed=3, datasets=datasets, generators=("still", *labels), metrics=METRICS, best=best,
        sweep={label: SweepPoint(family="mine", step=step) for label, step in zip(labels, scores, strict=True)},
    )  # fmt: skip
    return with_cells(cells, study=study, clips=(), profiles=(), findings=())


def test_shares_are_those_of_all_resamples() -> None:
    sample = np.array([[1.0, 2.0], [2.0, 1.5], [3.0, 3.2]])
    means = [sample[list(drawn)].mean(axis=0) for drawn in product(range(3), repeat=3)]
    expected = np.mean([(first < second) + 0.5 * (first == second) for first, second in means])
    assert shares_of_best([sample]) == pytest.approx([expected, 1 - expected], abs=0.02)


def test_what_is_hard_for_every_checkpoint_decides_nothing() -> None:
    hard = np.random.default_rng(0).normal(scale=100, size=(30, 1))
    assert shares_of_best([hard + np.array([0.2, 0.1, 0.3])]).tolist() == [0, 1, 0]


def test_equals_divide_their_share() -> None:
    sample = np.random.default_rng(0).normal(size=(8, 1)).repeat(4, axis=1)
    assert shares_of_best([sample]).tolist() == [0.25] * 4


def test_datasets_weigh_the_same() -> None:
    few, many = np.array([[0.0, 1.0]] * 5), np.array([[0.9, 0.0]] * 50)
    assert shares_of_best([few, many]).tolist() == [1, 0], "0.45 against 0.5"


def test_the_best_is_named_with_its_confidence() -> None:
    judged = contest(swept(Best(metric="mcd")), "mine")
    assert judged is not None
    assert judged.best == "mine@20"
    assert sum(judged.shares.values()) == pytest.approx(1)
    assert judged.shares["mine@3"] == 0
    assert judged.sentence == (
        f"Best step by mcd on voxceleb: 20. It stays best in {percent(judged.shares['mine@20'])} of 10,000 resamples "
        "of the 6 clips that every checkpoint has a score for."
    )


def test_a_metric_where_more_is_better() -> None:
    judged = contest(swept(Best(metric="stoi")), "mine")
    assert judged is not None
    assert (judged.best, judged.shares) == ("mine@20", {})
    assert f"there for 0 clips, fewer than {FEWEST}" in judged.sentence


def test_failures_are_no_advantage() -> None:
    easy = SCORES | {3: [None, None, 1.5, None, None, None]}
    judged = contest(swept(Best(metric="mcd"), easy), "mine")
    assert judged is not None
    assert judged.best == "mine@20", "on the one clip that all have it is 1, against 1.5 and 2"


def test_nothing_is_claimed_without_a_rule_or_a_rival() -> None:
    assert contest(swept(), "mine") is None
    alone = contest(swept(Best(metric="fid")), "mine")
    assert alone is not None
    assert alone.best is None
    assert "fewer than two checkpoints have a score. Without a score, and left out: 3, 20, 100." in alone.sentence
    results = swept(Best(metric="mcd"))
    cells = [c.model_copy(update={"signature": "other"}) if c.generator == "mine@3" else c for c in results.cells]
    judged = contest(results.model_copy(update={"cells": tuple(cells)}), "mine")
    assert judged is not None
    assert judged.best is None
    assert "signatures differ" in judged.sentence


def test_numbers_at_the_end_of_the_scale() -> None:
    huge = {1: [2e307] * 6, 2: [-2e307] * 6}
    judged = contest(swept(Best(metric="mcd"), huge, ("voxceleb", "hdtf")), "mine")
    assert judged is not None
    assert judged.shares == {"mine@1": 0, "mine@2": 1}


def test_rows_stand_by_step_and_the_best_is_marked() -> None:
    results = swept(Best(metric="mcd"))
    (table,) = sweep_tables(results)
    assert table.title == "Sweep of mine"
    (group,) = table.groups
    assert [row.labels for row in group] == [("voxceleb", "3"), ("voxceleb", "20"), ("voxceleb", "100")]
    assert [entry.text for entry in table.headings] == ["FID ↓", "MCD (dB) ↓", "STOI ↑", "stays best"]
    assert [[entry.mark for entry in row.entries] for row in group] == [
        [None] * 4,
        [None, "best", None, None],
        [None] * 4,
    ]
    assert group[0].entries[-1].text == "0 %"
    assert table.footnotes == ("Not part of this run.",)
    for text in (terminal_tables(results), markdown(table), latex(table)):
        assert "Best step by mcd on voxceleb" in text.replace("\\", "")


def test_without_a_rule_no_best_is_marked() -> None:
    (table,) = sweep_tables(swept())
    assert table.headings[-1].text == "STOI ↑"
    assert not any(entry.mark for group in table.groups for row in group for entry in row.entries)
    assert table.remarks == ("The study states no rule for the best step ('best').",)


def test_a_rule_for_one_dataset_says_nothing_of_the_other() -> None:
    (table,) = sweep_tables(swept(Best(metric="mcd", dataset="hdtf"), datasets=("voxceleb", "hdtf")))
    voxceleb, hdtf = table.groups
    assert {row.entries[-1].text for row in voxceleb} == {"—"}
    assert [row.entries[1].mark for row in hdtf] == [None, "best", None]


def test_the_frame_has_every_cell() -> None:
    frame = sweep_frame(swept(Best(metric="mcd")))
    assert list(frame.step) == [3, 3, 20, 20, 100, 100]
    assert set(frame.family) == {"mine"}
    assert frame[frame.metric == "stoi"].stays_best.isna().all()
    assert frame[frame.metric == "mcd"].stays_best.sum() == pytest.approx(1)


def test_plots_are_stable_whatever_the_user_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    results = swept(Best(metric="mcd"), datasets=("voxceleb", "$x$ <b>&</b> 中"))
    first = curves(results)
    monkeypatch.setitem(__import__("matplotlib").rcParams, "lines.linewidth", 9.0)
    assert curves(results) == first
    root = ElementTree.fromstring(first["mine"])
    words = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"step", "MCD (dB) ↓", "voxceleb", "$x$ <b>&</b> 中"} <= set(words)
    assert "<dc:date>" not in first["mine"]


def test_plots_of_odd_numbers() -> None:
    assert curves(swept(None, {0: [1e308], 2**63 - 1: [-1e308], 2**63 - 2: [3.0]}))
    assert curves(swept(None, {7: [5.0]}))


def test_the_report_has_table_plot_and_the_same_bytes(tmp_path: Path) -> None:
    results = swept(Best(metric="mcd"))
    results.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results
    page = reports.render(tmp_path).read_text()
    files = ("figures/sweep-mine.svg", "tables/sweep.md", "tables/sweep.tex", "tables/sweep.csv", "index.html")
    before = [(tmp_path / "report" / file).read_bytes() for file in files]
    assert "data:image/svg+xml;base64," in page
    assert "It stays best in" in page
    reports.render(tmp_path)
    assert [(tmp_path / "report" / file).read_bytes() for file in files] == before


def test_a_study_without_a_sweep_has_none_of_it(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    page = reports.render(tmp_path).read_text()
    assert "Sweep" not in page
    assert not list((tmp_path / "report/figures").glob("sweep*"))
    assert not (tmp_path / "report/tables/sweep.md").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"family": "mine"', '"family": "../mine"', "String should match"),
        ('"mine@3": {', '"mine@4": {', "its sweep names the generator 'mine@4'"),
        (
            '"metric": "mcd",\n   "dataset": null',
            '"metric": "x",\n   "dataset": null',
            "its sweep names the metric 'x'",
        ),
    ],
)
def test_results_that_contradict_themselves(tmp_path: Path, old: str, new: str, says: str) -> None:
    swept(Best(metric="mcd")).write(tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    assert old in text
    (tmp_path / "results.json").write_text(text.replace(old, new, 1))
    with pytest.raises(ResultsError, match=says):
        Results.read(tmp_path / "results.json")
