"""A column that cannot rank says so, and nothing untrained is marked best, in every format alike."""

from __future__ import annotations

from typing import Any

import pytest
from support.trial_run import METRICS, cell, with_cells

from reports.latex import latex
from reports.markdown import markdown
from reports.page_data import page_data
from reports.ranking import AT_CHANCE, CLOSED, DISCREDITED, NO_CHANCE, UNTRAINED, above, unranked
from reports.results import Results, ResultsError, Study
from reports.tables import score_table
from reports.terminal import terminal_tables

ALIGNED = {**METRICS, "stoi": METRICS["stoi"].model_copy(update={"aligned": True})}
DEMO = {
    "ceiling": {"fid": (0.0, 0.0, 0.0), "mcd": (0.0, 0.0, 0.0), "stoi": (1.0, 1.0, 1.0)},
    "chance": {"fid": (92.8, 60.0, 125.5), "mcd": (7.77, 6.76, 8.83), "stoi": (0.163, 0.049, 0.273)},
    "still": {"fid": (24.4, 7.9, 40.9), "mcd": (4.41, 4.0, 4.9), "stoi": (0.161, 0.01, 0.3)},
    "cascade": {"fid": (22.8, 15.6, 30.0), "mcd": (3.05, 1.87, 4.09), "stoi": (0.149, 0.02, 0.25)},
    "noise": {"fid": (407.8, 396.5, 419.0), "mcd": (13.8, 12.32, 16.97), "stoi": (0.403, 0.294, 0.484)},
}
"""The demo's values on VoxCeleb: untrained noise beats chance in STOI, and nothing else does."""


def demo(untrained: tuple[str, ...] = (), **changed: dict[str, tuple[float, float, float]]) -> Results:
    values = {name: {**DEMO.get(name, {}), **changed.get(name, {})} for name in {**DEMO, **changed}}
    cells = [
        cell(name, metric, value, low=low, high=high)
        for name, by_metric in values.items()
        for metric, (value, low, high) in by_metric.items()
    ]
    names = tuple(values)
    return with_cells(
        cells, study=Study(name="demo", seed=1, datasets=("voxceleb",), generators=names, metrics=ALIGNED,
                           untrained=untrained), clips=(), profiles=(),
    )  # fmt: skip


def marked(results: Results) -> dict[tuple[str, str], str]:
    table = score_table(results)
    names = list(results.study.metrics)
    rows = {row.labels[1]: row.entries for group in table.groups for row in group}
    return {(name, names[i]): entry.mark for name, row in rows.items() for i, entry in enumerate(row) if entry.mark}


@pytest.mark.parametrize("untrained", [(), ("noise",)])
def test_noise_is_not_the_best_speech(untrained: tuple[str, ...]) -> None:
    results = demo(untrained, cascade={"mcd": (3.05, 2.2, 3.9)})
    assert unranked(results, "voxceleb", "stoi") == {
        "still": AT_CHANCE, "cascade": AT_CHANCE, "noise": UNTRAINED if untrained else DISCREDITED,
    }  # fmt: skip
    cells = page_data(results, {}, str)["cells"]
    assert {(c["generator"], c["metric"]) for c in cells if c["unranked"] and c["metric"] == "stoi"} == {
        (name, "stoi") for name in ("still", "cascade", "noise")
    }  # so that the gallery marks no clip by it
    found = marked(results)
    assert not [place for place in found if place[1] == "stoi"]
    assert found["cascade", "mcd"] == "best"
    assert ("cascade", "fid") not in found  # 22.8 and 24.4 differ by less than their intervals
    for text in (markdown(score_table(results)), latex(score_table(results)), terminal_tables(results)):
        assert "no better than chance" in text
        assert ("Untrained, and so never marked: noise." in text) == bool(untrained)
        assert "**0.403**" not in text
        assert r"\textbf{0.403}" not in text
        assert "0.403*" not in text


def test_the_old_rule_marked_it() -> None:
    """What the rule is for: without `aligned` the noise is the best."""
    results = demo(still={"stoi": (0.161, 0.1, 0.22)})
    plain = results.model_copy(update={"study": results.study.model_copy(update={"metrics": METRICS})})
    assert marked(plain)["noise", "stoi"] == "best"


def test_what_is_aligned_is_ranked() -> None:
    """Speech that follows its reference stands above chance, and the column ranks it."""
    good = {"fid": (30.0, 20.0, 40.0), "mcd": (5.0, 4.0, 6.0), "stoi": (0.8, 0.7, 0.9)}
    better = {"fid": (20.0, 10.0, 30.0), "mcd": (4.0, 3.0, 5.0), "stoi": (0.95, 0.92, 0.98)}
    found = marked(demo(dub=good, redub=better))
    assert {name: mark for (name, metric), mark in found.items() if metric == "stoi"} == {"redub": "best"}
    assert not unranked(demo(dub=good), "voxceleb", "stoi").get("dub")


def test_an_untrained_generator_is_never_marked() -> None:
    best = {"fid": (1.0, 0.5, 1.5), "mcd": (1.0, 0.5, 1.5), "stoi": (0.9, 0.8, 1.0)}
    found = marked(demo(("lucky",), lucky=best, cascade={"mcd": (3.05, 2.2, 3.9)}))
    assert not [name for name, _ in found if name == "lucky"]
    assert found["cascade", "mcd"] == "best"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ceiling": {"stoi": (0.2, 0.1, 0.3)}}, CLOSED),
        ({"noise": {"mcd": (7.0, 6.0, 8.0)}}, None),  # above chance elsewhere too: nothing speaks against it
        ({"noise": {"stoi": (0.25, 0.2, 0.3)}}, AT_CHANCE),  # the intervals overlap
    ],
)
def test_each_reason(changed: dict[str, Any], reason: str | None) -> None:
    assert unranked(demo(**changed), "voxceleb", "stoi").get("noise") == reason


def test_without_chance_nothing_is_known() -> None:
    results = demo()
    study = results.study.model_copy(update={"generators": tuple(n for n in DEMO if n != "chance")})
    alone = results.model_copy(
        update={"study": study, "cells": tuple(c for c in results.cells if c.generator != "chance")}
    )
    assert set(unranked(alone, "voxceleb", "stoi").values()) == {NO_CHANCE}


def test_above_follows_the_direction() -> None:
    low, high = cell("a", "mcd", 5.0, low=4.0, high=6.0), cell("b", "mcd", 7.0, low=6.5, high=8.0)
    assert above(low, high)
    assert not above(high, low)
    assert not above(low, low)


def test_results_name_no_unknown_untrained_generator(tmp_path: Any) -> None:
    path = tmp_path / "results.json"
    demo(("noise",)).write(path)
    assert Results.read(path).study.untrained == ("noise",)
    path.write_text(path.read_text().replace('"untrained": [\n   "noise"', '"untrained": [\n   "nose"'))
    with pytest.raises(ResultsError, match="it calls the generator 'nose' untrained"):
        Results.read(path)
