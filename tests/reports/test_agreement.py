"""Agreement of metrics: tau against SciPy's, intervals from clips, people, and a known truth that is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from support.trial_run import METRICS, cell, with_cells

from reports.agreement import PEOPLE, Agreement, Judgement, agreements, tau_b
from reports.agreement_table import agreement_table
from reports.results import Results, Study
from reports.terminal import plain

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "agreement"
NAMES = tuple(f"g{i}" for i in range(6))


def run(noise: float, clips: int = 30, seed: int = 0) -> Results:
    """Six generators of falling quality: fid and mcd see it, stoi is a coin's toss."""
    generator = np.random.default_rng(seed)
    cells = []
    for place, name in enumerate(NAMES):
        for metric in METRICS:
            truth = place if metric != "stoi" else generator.normal()
            values = truth + noise * generator.normal(size=clips)
            by_clip = {f"c{i:02}": float(value) for i, value in enumerate(values)}
            cells.append(cell(name, metric, float(values.mean()), by_clip=by_clip))
    study = Study(name="trial", seed=1, datasets=("voxceleb",), generators=NAMES, metrics=METRICS)
    return with_cells(cells, study=study, clips=(), profiles=())


def between(found: tuple[Agreement, ...], first: str, second: str) -> Agreement:
    return next(each for each in found if (each.first, each.second) == (first, second))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
@settings(max_examples=200)
def test_tau_is_scipys(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(side, float) for side in zip(*pairs, strict=True))
    expected = kendalltau(first, second).statistic
    found = tau_b(first, second)
    assert (found is None) == bool(np.isnan(expected))
    assert found is None or found == pytest.approx(expected)


def test_metrics_that_see_the_same_are_redundant_and_others_are_not() -> None:
    found = agreements(run(noise=0.3))
    assert between(found, "fid", "mcd").verdict == "redundant"
    assert between(found, "fid", "mcd").tau == 1.0
    assert between(found, "fid", "stoi").verdict != "redundant"


def test_noise_widens_the_interval() -> None:
    sure, unsure = (between(agreements(run(noise)), "fid", "mcd") for noise in (0.3, 12.0))
    assert sure.low is not None
    assert unsure.low is not None
    assert unsure.high is not None
    assert sure.low > unsure.low
    assert unsure.low < (unsure.tau or 0) <= unsure.high + 0.2


def test_the_direction_counts() -> None:
    """STOI is better where it is higher: equal numbers in FID and STOI are opposite rankings."""
    cells = [cell(name, metric, float(i), by_clip={f"c{k}": float(i) for k in range(6)})
             for i, name in enumerate(NAMES) for metric in ("fid", "stoi")]  # fmt: skip
    study = Study(name="trial", seed=1, datasets=("voxceleb",), generators=NAMES, metrics=METRICS)
    found = agreements(with_cells(cells, study=study, clips=(), profiles=()))
    assert between(found, "fid", "stoi").tau == -1.0
    assert between(found, "fid", "stoi").verdict == "disagree"
    assert between(found, "fid", "mcd").reason.startswith("no dataset has 3 generators")


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_people_are_a_ranking_like_any_other(kind: str) -> None:
    generator = np.random.default_rng(1)
    judgements = []
    for _ in range(200):
        one, other = sorted(generator.choice(len(NAMES), 2, replace=False))
        if kind == "pairs":
            judgements.append(Judgement({NAMES[one]: 1.0, NAMES[other]: 0.0}))
        else:
            judgements.append(Judgement({NAMES[one]: 5.0 - one + generator.normal()}))
    found = agreements(run(noise=0.3), judgements)
    assert [each.first for each in found[:3]] == [PEOPLE] * 3
    assert (between(found, PEOPLE, "fid").tau or 0) > 0.8
    assert between(found, PEOPLE, "fid").verdict in ("agree", "redundant")
    assert abs(between(found, PEOPLE, "stoi").tau or 0) < 0.8
    text = plain(agreement_table(run(noise=0.3), found))
    assert "with people" in text
    assert "redundant" in text


def test_bounds_and_what_a_metric_says_nothing_of_take_no_part() -> None:
    results = run(noise=0.3)
    study = results.study.model_copy(update={"plugins": {"g0": "chance"}})
    without = agreements(results.model_copy(update={"study": study}))
    assert between(without, "fid", "mcd").generators == 5
    aligned = {**METRICS, "stoi": METRICS["stoi"].model_copy(update={"aligned": True})}
    study = results.study.model_copy(update={"metrics": aligned})
    nothing = agreements(results.model_copy(update={"study": study}))
    assert between(nothing, "fid", "stoi").tau is None


def test_few_clips_have_no_interval() -> None:
    found = between(agreements(run(noise=0.3, clips=4)), "fid", "mcd")
    assert (found.low, found.verdict) == (None, "no claim")
    assert "4 clips, 5 are needed" in found.reason


def test_the_example_finds_its_known_truth() -> None:
    """Damages of growing strength: the shipped preferences say so, and the metrics made for them agree."""
    from bench.preferences import read_preferences

    results = Results.read(EXAMPLE / "results.json")
    found = agreements(results, read_preferences(EXAMPLE / "preferences.csv", results))
    for metric in ("mcd", "stoi", "stoi-dtw", "fad-ge2e"):
        assert between(found, PEOPLE, metric).tau == 1.0, metric


def refused(path: Path, text: str) -> str:
    from bench.errors import UserMistake
    from bench.preferences import read_preferences

    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserMistake) as caught:
        read_preferences(path, run(noise=0.3, clips=5))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has the columns none; it needs better,worse or generator,rating"),
        ("a,b\n1,2\n", "has the columns a, b; it needs"),
        ("better,worse\n", "holds no preferences below its heading"),
        ("better,worse\ng0,g9\n", "line 2: the run has no generator 'g9'. Did you mean: g"),
        ("better,worse\ng0,g0\n", "line 2: 'g0' cannot be better than itself"),
        ("better,worse\ng0\n", "line 2: it has not as many values as the heading has columns"),
        ("better,worse\ng0,g1,g2\n", "line 2: it has not as many values as the heading has columns"),
        ("generator,rating\ng0,good\n", "line 2: the rating 'good' is no number"),
        ("generator,rating\ng0,nan\n", "line 2: the rating 'nan' is no number"),
        ("generator,rating,dataset\ng0,1,hdtf\n", "line 2: the run has no dataset 'hdtf'"),
        ('better,worse\n"g0,g1\n', "after line 1: unexpected end of data"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refused(tmp_path / "preferences.csv", text)


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    from bench.errors import UserMistake
    from bench.preferences import read_preferences

    (tmp_path / "p.csv").write_bytes(b"better,worse\n\xff\xfe\n")
    with pytest.raises(UserMistake, match="is no text in UTF-8"):
        read_preferences(tmp_path / "p.csv", run(noise=0.3, clips=5))
