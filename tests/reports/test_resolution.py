"""Marks: only on what the data resolve, and rarely on one of equals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from support.trial_run import cell

from reports.ranking import marks
from reports.resolution import difference, resolved
from reports.results import Cell


def scored(name: str, scores: np.ndarray, metric: str = "fid") -> Cell:  # type: ignore[type-arg]
    """A cell with scores by clip and an interval so wide that unpaired nothing is resolved."""
    value = float(np.mean(scores))
    by_clip = {f"k{i}": float(score) for i, score in enumerate(scores)}
    return cell(name, metric, value, low=value - 99, high=value + 99, n=len(scores), by_clip=by_clip)


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 30)), min_size=1, max_size=6, unique_by=lambda pair: pair[0]),
    st.booleans(),
)
@settings(max_examples=100)
def test_a_mark_stands_only_beyond_the_intervals(values: list[tuple[float, float]], lower: bool) -> None:
    cells = [
        cell(f"g{i}", "fid" if lower else "stoi", value, low=value - half, high=value + half)
        for i, (value, half) in enumerate(values)
    ]
    found = marks(cells)
    sign = 1 if lower else -1
    order = sorted(cells, key=lambda each: sign * (each.value or 0.0))
    for place, mark in enumerate(("best", "second")):
        named = [name for name, given_mark in found.items() if given_mark == mark]
        apart = all(
            max(sign * (order[at].low or 0), sign * (order[at].high or 0))
            < min(sign * (other.low or 0), sign * (other.high or 0))
            for at in range(min(place + 1, len(order)))
            for other in order[at + 1 :]
        )
        assert named == ([order[place].generator] if apart and len(order) > place + 1 else [])


def test_paired_clips_resolve_what_intervals_do_not() -> None:
    random = np.random.default_rng(1)
    hard = random.normal(40, 10, 20)
    first, second = scored("a", hard), scored("b", hard + 1 + random.normal(0, 0.5, 20))
    assert marks([first, second]) == {"a": "best"}
    without = [each.model_copy(update={"by_clip": {}}) for each in (first, second)]
    assert marks(without) == {}


def test_the_interval_is_that_of_the_paired_t_test() -> None:
    random = np.random.default_rng(2)
    a, b = random.normal(0, 1, 12), random.normal(0.4, 1, 12)
    found = difference(scored("a", a), scored("b", b))
    assert found == pytest.approx(tuple(ttest_rel(a, b).confidence_interval(0.95)))


@pytest.mark.parametrize("generators", [2, 3, 6])
def test_equal_generators_are_rarely_marked(generators: int) -> None:
    """Of 400 tables of equally good generators at most 1 in 20 marks one; the rule by value marks every one."""
    random = np.random.default_rng(generators)
    false = 0
    for _ in range(400):
        hard = random.normal(0, 3, 10)
        cells = [scored(f"g{i}", hard + random.normal(0, 1, 10)) for i in range(generators)]
        assert len({each.value for each in cells}) == generators  # so that an order by value has a best
        false += bool(marks(cells))
    assert false <= 400 * 0.05 + 9  # two standard errors


def test_equals_share_the_mark_and_few_clips_say_nothing() -> None:
    near = np.arange(6.0)
    tied = [scored("a", near), scored("b", near), scored("c", near + 5)]
    assert marks(tied) == {"a": "best", "b": "best"}
    assert not resolved(scored("a", near[:4]), scored("c", near[:4] + 5))


def test_without_any_interval_nothing_is_marked() -> None:
    assert marks([cell("a", "fid", 1.0, low=None, high=None), cell("b", "fid", 9.0, low=None, high=None)]) == {}
