"""The gate: each verdict and its reason, the statistics, the rules, and the reference file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gated_runs import METRICS, gated_run, made_cell

from bench.errors import UserMistake
from bench.gating.evidence import chance, smallest_chance, visible_excess
from bench.gating.judge import judge
from bench.gating.reference import Reference, changes
from bench.gating.rules import Amount, Place, Rules, read_rules
from reports.gate import GateResult, Judged
from reports.results import Results

RUN = gated_run(0)


def judged(run: Results, rules: Rules | Mapping[str, Any] | None = None, against: Results = RUN) -> GateResult:
    told = rules if isinstance(rules, Rules) else Rules.model_validate(rules or {})
    return judge(run, Reference.of(against, told, "rules"), told, "reference.json", "rules")


def of(found: GateResult, metric: str = "mcd", dataset: str = "hdtf") -> Judged:
    return next(cell for cell in found.cells if (cell.metric, cell.dataset) == (metric, dataset))


def with_cell(run: Results, dataset: str, metric: str, **fields: Any) -> Results:
    """The run with these fields in one cell of 'mine'."""
    cells = [cell.model_copy(update=fields) if cell.place == (dataset, "mine", metric) else cell for cell in run.cells]
    return run.model_copy(update={"cells": tuple(cells)})


def test_the_same_run_holds_in_every_clip() -> None:
    found = judged(gated_run(0))
    assert found.verdict == "holds"
    assert found.counts == {"regression": 0, "not measured": 0, "holds": 6}
    assert {cell.generator for cell in found.cells} == {"mine"}
    assert {cell.reason for cell in found.cells} == {"the same in every clip."}


def test_rounding_of_another_machine_holds_however_few_clips() -> None:
    run = gated_run(0, clips=3)
    cells = [made_cell(*c.place, {k: v * (1 + 3e-7) for k, v in c.by_clip.items()}) for c in run.cells]
    assert judged(run.model_copy(update={"cells": tuple(cells)}), against=run).verdict == "holds"


def test_a_run_that_differs_by_noise_holds() -> None:
    found = judged(gated_run(1))
    assert found.verdict == "holds"
    assert all(cell.p_value is not None and cell.p_value > 0.01 for cell in found.cells)


@pytest.mark.parametrize(("metric", "size"), [("mcd", 0.6), ("fid", 8.0), ("stoi", 0.04)])
def test_a_worsening_is_found_in_its_metric_only(metric: str, size: float) -> None:
    found = judged(gated_run(1, worse={metric: size}))
    assert found.verdict == "regression"
    assert {cell.metric for cell in found.cells if cell.verdict == "regression"} == {metric}
    cell = of(found, metric)
    assert cell.worse == pytest.approx(size, abs=size / 2)
    assert cell.low is not None
    assert cell.low > 0
    assert "beyond the tolerance" in cell.reason


@pytest.mark.parametrize("metric", METRICS)
def test_an_improvement_holds(metric: str) -> None:
    found = judged(gated_run(1, worse={metric: -8.0}))
    assert found.verdict == "holds"
    assert of(found, metric).reason.startswith("better by ")


def test_a_worsening_that_is_tolerated_holds() -> None:
    rules = {"rules": [{"metric": "mcd", "tolerance": {"absolute": 1.0}}]}
    found = judged(gated_run(1, worse={"mcd": 0.6}), rules)
    assert found.verdict == "holds"
    assert "within the tolerance of 1 dB" in of(found).reason


def test_a_worsening_that_noise_may_be_holds_and_says_what_would_be_seen() -> None:
    found = of(judged(gated_run(1, clips=20, worse={"fid": 2.0}), against=gated_run(0, clips=20)), "fid")
    assert found.verdict == "holds"
    assert "which may be noise" in found.reason
    assert found.visible is not None
    assert found.visible > 2.0


def test_the_tolerance_alone_decides_where_no_significance_is_asked_for() -> None:
    rules = {"significance": 1, "fewest": 2, "tolerance": {"relative": 0.02}}
    against = gated_run(0, clips=3)
    assert judged(gated_run(0, clips=3, worse={"mcd": 0.3}), rules, against).verdict == "regression"
    assert judged(gated_run(0, clips=3, worse={"mcd": 0.1}), rules, against).verdict == "holds"


UNMEASURED: dict[str, tuple[Results, str]] = {
    "a cell that is gone": (
        RUN.model_copy(update={"cells": tuple(c for c in RUN.cells if c.place != ("hdtf", "mine", "mcd"))}),
        "no such cell in the run.",
    ),
    "a cell without a value": (
        with_cell(RUN, "hdtf", "mcd", value=None, missing="no weights", by_clip={}, n=0),
        "missing in the run: no weights.",
    ),
    "another signature": (
        with_cell(RUN, "hdtf", "mcd", signature="mcd|stride:2|version:0.1.0"),
        "another signature: stride 2, 1 in the reference.",
    ),
    "another protocol": (
        gated_run(0, protocol={"fps": 25, "crf": 23}), "another protocol: crf 23, 18 in the reference.",
    ),
    "fewer clips": (gated_run(0, clips=39), "other clips: 1 gone (clip039)."),
    "more clips": (gated_run(0, clips=44), "other clips: 4 new (clip040, clip041, clip042, ...)."),
    "another reference clip": (
        RUN.model_copy(update={"clips": tuple(
            clip.model_copy(update={"reference_identity": "f" * 32}) if clip.key == "clip007" else clip
            for clip in RUN.clips
        )}),
        "other clips: 1 with another prompt or reference clip (clip007).",
    ),
    "no numbers by clip": (with_cell(RUN, "hdtf", "mcd", by_clip={}), "the run has no numbers by clip for it."),
}  # fmt: skip


@pytest.mark.parametrize("name", UNMEASURED)
def test_what_cannot_be_compared_is_not_measured(name: str) -> None:
    run, reason = UNMEASURED[name]
    found = judged(run)
    assert found.verdict == "not measured"
    assert (of(found).verdict, of(found).reason) == ("not measured", reason)


def test_too_few_clips_are_not_measured() -> None:
    against = gated_run(0, clips=10)
    assert of(judged(gated_run(1, clips=10), None, against)).reason == "too few clips: 10, where the rules ask for 20."
    found = judged(gated_run(1, clips=5, worse={"mcd": 5.0}), {"fewest": 5}, gated_run(0, clips=5))
    assert of(found).verdict == "not measured"
    assert "5 cannot show a worsening at the level 0.0017, 10 could" in of(found).reason
    blind = {"rules": [{"metric": "mcd", "visible": {"absolute": 0.01}}]}
    found = judged(gated_run(1), blind)
    assert {cell.metric for cell in found.cells if cell.verdict == "not measured"} == {"mcd"}
    assert "the rules ask for 0.01 dB" in of(found).reason


def test_cells_that_the_reference_lacks_are_not_measured() -> None:
    against = gated_run(0)
    fewer = against.model_copy(update={"cells": tuple(c for c in against.cells if c.metric != "mcd")})
    assert "`gate --update` adds it" in of(judged(RUN, None, fewer)).reason
    gone = with_cell(against, "hdtf", "mcd", value=None, missing="no weights", by_clip={}, n=0, low=None, high=None)
    assert of(judged(RUN, None, gone)).reason == "missing in the reference: no weights."


def test_more_failures_are_a_regression_even_of_a_cell_that_is_missing() -> None:
    failed = {f"clip{number:03}": "silent" for number in range(3)}
    kept = {key: value for key, value in RUN.cells[4].by_clip.items() if key not in failed}
    assert RUN.cells[4].place == ("hdtf", "mine", "mcd")
    value = float(np.mean(list(kept.values())))
    few = with_cell(RUN, "hdtf", "mcd", value=value, by_clip=kept, failed=failed, n=37)
    assert "7.5% more, tolerated are 5.0%" in of(judged(few)).reason
    assert of(judged(few)).verdict == "regression"
    assert of(judged(few, {"more_failed": 0.1})).verdict == "holds"
    assert of(judged(few, {"more_failed": 0.1})).n == 37
    none = with_cell(
        RUN, "hdtf", "mcd", value=None, missing="all failed", by_clip={}, n=0, failed=dict.fromkeys(kept, "x")
    )
    assert of(judged(none)).verdict == "regression"


def test_regression_beats_not_measured_and_stands_first() -> None:
    run = with_cell(gated_run(1, worse={"fid": 9.0}), "hdtf", "mcd", by_clip={})
    found = judged(run)
    assert found.verdict == "regression"
    assert [cell.verdict for cell in found.cells] == ["regression"] * 2 + ["not measured"] + ["holds"] * 3
    assert found.summary == "Regression: 2 regressions, 1 not measured, 3 hold."


def test_rules_select_and_the_last_one_wins() -> None:
    rules = Rules.model_validate({
        "tolerance": {"relative": 0.05},
        "generators": ["mine", "ceiling"], "metrics": ["mcd", "fid"],
        "rules": [
            {"metric": "mcd", "tolerance": {"absolute": 0.5}},
            {"dataset": "hdtf", "fewest": 7},
            {"dataset": "hdtf", "metric": "mcd", "tolerance": {"relative": 0}},
        ],
    })  # fmt: skip
    assert rules.of(Place("hdtf", "mine", "mcd"))[:4] == (Amount(relative=0.0), 7, 0.05, None)
    assert rules.of(Place("voxceleb", "mine", "mcd"))[:4] == (Amount(absolute=0.5), 20, 0.05, None)
    assert rules.of(Place("voxceleb", "mine", "fid"))[:4] == (Amount(relative=0.05), 20, 0.05, None)
    assert len(judged(RUN, rules).cells) == 8
    with pytest.raises(UserMistake, match=r"unknown metric 'mdc'\. Did you mean: mcd\?"):
        judged(RUN, {"rules": [{"metric": "mdc", "fewest": 5}]})
    with pytest.raises(UserMistake, match="select no cell"):
        judged(RUN, {"generators": ["ceiling"]}, RUN.model_copy(update={"cells": RUN.cells[3:6]}))


numbers = st.lists(st.floats(-100, 100, allow_subnormal=False), min_size=2, max_size=40)


@settings(max_examples=80, deadline=None)
@given(numbers, st.lists(st.just(0.0) | st.floats(0, 1000), min_size=40, max_size=40))
def test_a_run_with_clips_that_are_worse_is_never_less_suspicious(excess: list[float], more: list[float]) -> None:
    worse = np.array(excess)
    after = chance(worse + np.array(more[: len(worse)]))
    assert after <= chance(worse) or after <= 1e-4  # where no drawn set reaches it, the tail is Student's


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["mcd", "fid", "stoi"]), st.floats(0, 3), st.integers(0, 40))
def test_a_worse_run_never_turns_a_regression_into_one_that_holds(metric: str, more: float, clips: int) -> None:
    bad = gated_run(1, worse={metric: {"mcd": 0.3, "fid": 5.0, "stoi": 0.02}[metric]})
    cell = next(cell for cell in bad.cells if cell.place == ("hdtf", "mine", metric))
    sign = 1 if cell.direction == "lower" else -1
    by_clip = {key: x + sign * more * (i < clips) for i, (key, x) in enumerate(cell.by_clip.items())}
    worse = with_cell(bad, "hdtf", metric, by_clip=by_clip, value=float(np.mean(list(by_clip.values()))))
    before, after = of(judged(bad), metric), of(judged(worse), metric)
    assert (before.p_value or 0) >= (after.p_value or 0) or (after.p_value or 0) < 1e-3
    assert after.verdict == "regression" or before.verdict == "holds"


@settings(max_examples=60, deadline=None)
@given(numbers)
def test_the_chance_is_one_and_does_not_depend_on_scale(excess: list[float]) -> None:
    worse = np.array(excess)
    found = chance(worse)
    assert smallest_chance(len(worse)) <= found <= 1
    assert chance(worse * 4) == found
    assert max(found, chance(-worse)) >= 0.5


def test_the_chance_of_few_clips_is_exact() -> None:
    worse = np.array([0.3, -0.1, 0.7, 0.2, 0.4, -0.2])
    patterns = [np.dot(signs, np.abs(worse)) for signs in itertools.product((-1, 1), repeat=6)]
    assert chance(worse) == np.mean(np.array(patterns) >= worse.sum() - 1e-12)
    assert chance(np.ones(12)) == 0.5**12
    assert chance(np.ones(30)) == smallest_chance(30)
    assert chance(np.zeros(30)) == 1


def test_one_clip_that_is_much_worse_does_not_hide_the_others() -> None:
    worse = np.r_[np.random.default_rng(0).normal(1, 0.3, 39), 500.0]
    assert worse.mean() / (worse.std(ddof=1) / 40**0.5) < 1.2  # Student's t would see nothing
    assert chance(worse) < 2e-4


def test_what_would_be_seen_is_found_in_eighty_of_a_hundred() -> None:
    generator, found = np.random.default_rng(1), []
    for _ in range(300):
        noise = generator.normal(size=30)
        found.append(chance(noise + visible_excess(noise, 0.01)) <= 0.01)
    assert 0.72 < np.mean(found) < 0.99


@pytest.mark.parametrize("metric", METRICS)
def test_both_directions_are_judged_alike(metric: str) -> None:
    """The mirrored metric, higher for lower, gives the same verdict, numbers and p-value."""

    def mirrored(run: Results) -> Results:
        cells = [
            replace_numbers(cell, {key: -value for key, value in cell.by_clip.items()})
            for cell in run.cells
        ]  # fmt: skip
        return run.model_copy(update={"cells": tuple(cells)})

    def replace_numbers(cell: Any, by_clip: dict[str, float]) -> Any:
        direction = "higher" if cell.direction == "lower" else "lower"
        return made_cell(*cell.place, by_clip, direction=direction)

    run, against = gated_run(1, worse={metric: 0.5}), gated_run(0)
    one, other = judged(run, None, against), judged(mirrored(run), None, mirrored(against))
    for first, second in zip(one.cells, other.cells, strict=True):
        assert replace(second, reference=first.reference, value=first.value) == first
        assert second.reference == pytest.approx(-(first.reference or 0))


def test_a_reference_comes_back_and_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    made = Reference.of(RUN, Rules(), "rules")
    made.write(tmp_path / "a.json")
    assert Reference.read(tmp_path / "a.json") == made
    Reference.of(gated_run(0), Rules(), "rules").write(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == made.model_dump(by_alias=True, mode="json", exclude_none=True)
    assert max(map(len, text.splitlines())) < 160


def test_a_reference_says_what_is_missing_and_never_a_number_for_it(tmp_path: Path) -> None:
    run = with_cell(RUN, "hdtf", "mcd", value=None, missing="no weights", by_clip={}, n=0, low=None, high=None)
    Reference.of(run, Rules(), "rules").write(tmp_path / "a.json")
    cell = next(c for c in json.loads((tmp_path / "a.json").read_text())["cells"] if c.get("missing"))
    assert cell == {
        "dataset": "hdtf", "generator": "mine", "metric": "mcd", "missing": "no weights", "n": 0, "failed": 0,
        "signature": "mcd|stride:1|version:0.1.0", "by_clip": [],
    }  # fmt: skip


def test_changes_are_told() -> None:
    before = Reference.of(RUN, Rules(), "rules")
    assert changes(before, before) == []
    fewer = Reference.of(gated_run(1, clips=30, protocol={"fps": 30}), Rules(metrics=("mcd",), datasets=("hdtf",)), "r")
    told = changes(before, fewer)
    assert told[:2] == ["changed: the protocol", "changed: the clips of hdtf (40 before, 30 now)"]
    assert sum(line.startswith("removed: ") for line in told) == 5
    assert sum(line.startswith("changed: hdtf, mine, mcd: ") for line in told) == 1
    assert all(line.startswith("added: ") for line in changes(None, before))


def test_rules_are_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    for text, says in {
        "tolerance: {relativ: 0.1}": r"unknown key 'tolerance.relativ'. Did you mean: relative\?",
        "tolerence: 1": r"unknown key 'tolerence'. Did you mean: tolerance",
        "rules: [{metrik: fid, fewest: 3}]": r"unknown key 'rules.0.metrik'. Did you mean: metric\?",
        "rules: [{fewest: 3}]": "names at least one of dataset, generator, metric",
        "rules: [{metric: fid}]": "sets at least one of tolerance, fewest",
        "tolerance: {relative: 0.1, absolute: 1}": "give either relative",
        "tolerance: {}": "give either relative",
        "tolerance: {absolute: 1}": "set it in a rule that names the metric",
        "rules: [{dataset: hdtf, tolerance: {absolute: 1}}]": "set it in a rule that names the metric",
        "tolerance: 0.1": "'tolerance' must be a mapping",
        "tolerance: {relative: -0.1}": "must be greater than or equal to 0, got -0.1",
        "tolerance: {relative: '0.1'}": "must be a number",
        "significance: 0": "must be greater than 0",
        "significance: true": "must be a number",
        "fewest: 1": "must be greater than or equal to 2",
        "fewest: 2.5": "whole number",
        "metrics: []": "at least 1 item",
        "metrics: fid": "must be a list",
        "speed: {mine: 1.1}": "what judges seconds is `latency:",
        "rules: [{metric: fid, seconds: 3}]": "what judges seconds is `latency:",
        "latency: {slower: fast}": "'latency.slower' must be a number, got 'fast'",
        "latency: {slower: -1%}": "must be a number",
        "latency: {clock: wal}": "'latency.clock' must be 'wall' or 'processor'",
        "latency: {slow: 0.1}": r"unknown key 'latency.slow'. Did you mean: slower",
        "rules: [{metric: fid, latency: {slower: 0.1}}]": "name no metric in its rule",
        "- fid": "holds no rules: expected keys such as",
        "": "holds no rules",
        "fewest: 3\nfewest: 4": "stands twice",
    }.items():
        path.write_text(text)
        with pytest.raises(UserMistake, match=says):
            read_rules(path)
    path.write_text(
        "significance: 0.05\nrules:\n  - {metric: fid, tolerance: {absolute: 0}, visible: {relative: 0.1}}\n"
    )
    assert read_rules(path).significance == 0.05
