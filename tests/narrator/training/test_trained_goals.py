"""The verdicts of `tests/benchmarks/bench_trained.py`: met, missed, and whether the interval tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.trained_goals import Measured, below, goals, judged, mean, share, table

from reports.results import Cell, Metric, Results, Study

METRICS = ("wer", "fid", "fvd", "mcd", "mouth-sync-lag")


def cell(generator: str, metric: str, value: float | None, reach: float = 0.01, **more: Any) -> Cell:
    ends = {} if value is None else {"low": value - reach, "high": value + reach}
    missing = None if value is not None else "no clip"
    return Cell(
        dataset="d", generator=generator, metric=metric, value=value, missing=missing, n=6, direction="lower",
        signature="s", **ends, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Measured(0.2, 0.1, 0.29, 40), "met"),
        (Measured(0.2, 0.1, 0.31, 40), "met, not resolved"),
        (Measured(0.2, None, None, 3), "met, not resolved"),
        (Measured(0.4, 0.31, 0.5, 40), "missed"),
        (Measured(0.4, 0.29, 0.5, 40), "missed, not resolved"),
        (Measured(None, None, None, 0), "not measured"),
    ],
)
def test_a_bound_is_kept_or_not(found: Measured, verdict: str) -> None:
    assert judged(found, "at most", 0.3) == verdict
    mirrored = Measured(*(None if end is None else -end for end in (found.value, found.high, found.low)), found.n)
    assert judged(mirrored, "at least", -0.3) == verdict


def test_a_share_of_all_is_not_certain() -> None:
    found = share([True] * 40)
    assert found.value == 1.0
    assert found.low is not None
    assert 0.9 < found.low < 0.95
    assert share([]).value is None


def test_a_mean_leaves_out_what_is_no_number() -> None:
    found = mean([1.0, np.nan, 2.0, 3.0, 2.0, 2.0, 2.0])
    assert (found.value, found.n) == (2.0, 6)
    assert mean([np.nan]) == Measured(None, None, None, 0)


def test_below_chance_by_clips_where_there_are_any() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=20)
    by_clip = {f"{place}": float(5 + value) for place, value in enumerate(noise)}
    worse = {key: value + 0.1 + 0.01 * rng.normal() for key, value in by_clip.items()}
    first = cell("narrator", "mcd", float(np.mean(list(by_clip.values()))), 1.0, by_clip=by_clip)
    second = cell("chance", "mcd", float(np.mean(list(worse.values()))), 1.0, by_clip=worse)
    assert below(first, second) == "met"
    assert below(second, first) == "missed"
    assert below(cell("n", "fid", 5.0, 2.0), cell("c", "fid", 6.0, 2.0)) == "met, not resolved"
    assert below(cell("n", "fid", None), cell("c", "fid", 6.0)) == "not measured"


def test_every_goal_has_a_verdict_and_what_stands_beside_it() -> None:
    values = {"narrator": 0.2, "chance": 0.9, "ceiling": 0.1}
    lags = {"narrator": [0.0, 0.04, 0.04, 0.08, 0.0, 0.2], "ceiling": [0.0] * 6, "chance": [0.0] * 6}
    cells = [
        cell(
            generator, metric, values[generator],
            by_clip={f"{k}": lag for k, lag in enumerate(lags[generator])} if metric == "mouth-sync-lag" else {},
            failed={"6": "no face"} if generator == "narrator" else {},
        )
        for generator in values
        for metric in METRICS
    ]  # fmt: skip
    metrics = {metric: Metric(title=metric, direction="lower") for metric in METRICS}
    study = Study(name="s", seed=0, datasets=("d",), generators=tuple(values), metrics=metrics)
    results = Results(study=study, protocol={}, cells=tuple(cells))
    nearest = {"narrator": share([True] * 30 + [False] * 10), "ceiling": share([True] * 40), "chance": share([False])}
    found = goals(results, "d", nearest)
    assert [row.verdict for row in found] == ["met", "met", "met", "missed", "missed, not resolved", "met"]
    assert found[4].found.value == pytest.approx(4 / 7), "a clip without a mouth has missed"
    assert found[0].beside["real clips"].value == 0.1
    lines = table(found).splitlines()
    assert len(lines) == 2 + len(found)
    assert all(line.count("|") == 7 for line in lines)
    assert "| 6, 1 failed |" in lines[2]
    assert found[1].to_json()["beside"]["chance"]["value"] == 0.9
