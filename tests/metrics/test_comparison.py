"""Paired differences against SciPy, against their properties, and against what would be wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.base.comparison import (
    FLIPS,
    LEVEL,
    Difference,
    holm,
    mean_difference,
    paired_difference,
    smallest_p_value,
)
from metrics.frechet.distance import frechet_distance

Array = NDArray[np.float64]


def scored(n: int, seed: int, worse: float = 0.0) -> tuple[Array, Array]:
    """Two skewed samples that share what their prompts make hard; differences deviate by about 1."""
    generator = np.random.default_rng(seed)
    prompts = 5 * generator.lognormal(sigma=0.5, size=n)
    first, second = (prompts + generator.lognormal(sigma=0.5, size=n) / 0.854 for _ in range(2))
    return first, second + worse


def claims(found: Difference) -> bool:
    return found.p_value is not None and found.p_value <= LEVEL


@pytest.mark.parametrize("n", [5, 8, 11])
def test_all_sign_patterns_of_few_pairs_as_scipy_has_them(n: int) -> None:
    first, second = scored(n, n, worse=0.5)
    oracle = scipy.stats.permutation_test(
        (second, first), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True
    )
    assert paired_difference(first, second).p_value == pytest.approx(oracle.pvalue, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_close_to_student_where_student_is_right(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first = generator.normal(size=80)
    second = first + generator.normal(loc=0.2, size=80)
    found, oracle = paired_difference(first, second), scipy.stats.ttest_rel(second, first)
    interval = oracle.confidence_interval()
    assert found.p_value == pytest.approx(oracle.pvalue, abs=0.02)
    assert found.standard_error == pytest.approx(found.mean / oracle.statistic, rel=1e-12)
    assert found.low == pytest.approx(interval.low, abs=0.04)
    assert found.high == pytest.approx(interval.high, abs=0.04)


def test_the_interval_is_near_scipys_bootstrap_of_skewed_differences() -> None:
    first, second = scored(100, 3, worse=0.3)
    oracle = scipy.stats.bootstrap((second - first,), np.mean, random_state=0).confidence_interval
    found = paired_difference(first, second)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.05)


numbers = st.lists(st.tuples(*[st.floats(-100, 100)] * 2), min_size=5, max_size=25)


@settings(max_examples=30, deadline=None)
@given(numbers, st.floats(-50, 50), st.sampled_from([0.25, 2.0, 8.0]), st.randoms())
def test_properties(pairs: list[tuple[float, float]], shift: float, scale: float, shuffled: Any) -> None:
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    sizes = np.sort(np.abs(second - first))
    assume(sizes[-1] > 0.01 and np.diff(sizes).min() > 1e-6)  # ties of opposite sign may stand in either order
    found, swapped = paired_difference(first, second), paired_difference(second, first)
    close = {"rel": 1e-6, "abs": 1e-7}
    assert swapped.mean == -found.mean
    assert swapped.p_value == found.p_value
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), **close)  # type: ignore[operator]
    order = list(range(len(first)))
    shuffled.shuffle(order)
    assert _told(paired_difference(first[order], second[order])) == pytest.approx(_told(found), **close)
    moved = paired_difference(first + shift, second + shift)
    assert _told(moved)[:4] == pytest.approx(_told(found)[:4], rel=1e-5, abs=1e-5)
    assert _told(paired_difference(scale * first, scale * second)) == pytest.approx(
        [*(scale * x for x in _told(found)[:4]), found.p_value], **close
    )


def _told(found: Difference) -> list[float]:
    return [x for x in (found.mean, found.standard_error, found.low, found.high, found.p_value) if x is not None]


@pytest.mark.parametrize("n", [8, 30])
def test_equals_are_called_different_in_one_of_twenty(n: int) -> None:
    hits = sum(claims(paired_difference(*scored(n, seed))) for seed in range(200))
    assert hits <= 16  # 5 % of 200 and two standard deviations


def test_unpaired_samples_would_see_much_less() -> None:
    pairs = [scored(40, seed, worse=0.6) for seed in range(40)]
    paired = sum(claims(paired_difference(*pair)) for pair in pairs)
    unpaired = sum(scipy.stats.ttest_ind(*pair).pvalue <= LEVEL for pair in pairs)
    assert paired >= 32
    assert unpaired <= 12


def test_the_smallest_visible_difference_is_seen_four_times_in_five() -> None:
    for n, level in ((20, LEVEL / 24), (60, LEVEL), (60, LEVEL / 24)):
        first, second = scored(n, 1)
        found = paired_difference(first, second)
        visible = found.visible(level)
        assert visible is not None
        assert found.standard_error is not None
        bar = scipy.stats.t.ppf(1 - level / 2, n - 1)
        assert scipy.stats.nct.sf(bar, n - 1, visible / found.standard_error) == pytest.approx(0.8, abs=0.04)
    planted = [paired_difference(*scored(40, seed, worse=0.45)) for seed in range(80)]
    assert np.mean([found.visible() or 0.0 for found in planted]) == pytest.approx(0.45, abs=0.03)
    assert 0.7 <= np.mean([claims(found) and (found.low or 0.0) > 0 for found in planted]) <= 0.9


def test_too_few_pairs_claim_nothing() -> None:
    first, second = scored(4, 0)
    found = paired_difference(first, second)
    assert found == Difference(float((second - first).mean()), 4)
    assert found.visible() is None
    five = paired_difference(*scored(5, 0, worse=9.0))
    assert five.p_value == smallest_p_value(5) == 2 / 32
    assert five.visible() is None
    assert smallest_p_value(40) == 1 / (FLIPS + 1)


def test_what_rounding_leaves_is_no_evidence() -> None:
    first, _ = scored(40, 0)
    assert paired_difference(first, first).p_value == 1.0
    found = paired_difference(first, first * (1 + 3e-8))
    assert (found.p_value, found.standard_error) == (1.0, 0.0)
    assert claims(paired_difference(first, first * (1 + 1e-4)))


def test_one_clip_alone_makes_no_difference() -> None:
    first, _ = scored(20, 0)
    second = first.copy()
    second[3] += 50.0
    assert paired_difference(first, second).p_value == 1.0


@pytest.mark.parametrize(
    ("first", "second"),
    [(np.zeros(5), np.zeros(6)), (np.zeros((5, 2)), np.zeros((5, 2))), (np.zeros(0), np.zeros(0)),
     (np.zeros(6), np.array([0, 1, 2, 3, 4, np.nan])), (np.array([0, 1, 2, 3, 4, np.inf]), np.zeros(6))],
)  # fmt: skip
def test_what_is_no_paired_sample_is_refused(first: Array, second: Array) -> None:
    with pytest.raises(ValueError, match="Paired samples"):
        paired_difference(first, second)


def test_the_mean_over_datasets_weighs_each_the_same() -> None:
    pairs = [scored(10, 0, worse=1.0), scored(200, 1)]
    found, parts = mean_difference(pairs), [paired_difference(*pair) for pair in pairs]
    errors = [part.standard_error or 0.0 for part in parts]
    assert found.n == 210
    assert found.mean == pytest.approx((parts[0].mean + parts[1].mean) / 2)
    assert found.standard_error == pytest.approx(np.hypot(*errors) / 2)
    shares = np.array(errors) ** 2
    assert found.degrees == pytest.approx(shares.sum() ** 2 / (shares[0] ** 2 / 9 + shares[1] ** 2 / 199))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.mean < found.high
    assert mean_difference([scored(2, 0), scored(2, 1)]).p_value is None
    few = mean_difference([scored(4, seed, worse=3.0) for seed in range(4)])  # none of them claims anything alone
    assert claims(few)
    assert (few.n, few.low is not None and few.low > 0) == (16, True)
    with pytest.raises(ValueError, match="two clips"):
        mean_difference([pairs[1], scored(1, 0)])
    one = mean_difference([pairs[1]])
    assert (one.mean, one.p_value) == pytest.approx((parts[1].mean, parts[1].p_value))
    assert mean_difference([(pairs[0][0],) * 2, (pairs[1][0],) * 2]).p_value == 1.0


def test_the_mean_over_datasets_of_equals_is_called_different_in_one_of_twenty() -> None:
    hits = sum(claims(mean_difference([scored(3, 2 * seed), scored(14, 2 * seed + 1)])) for seed in range(200))
    assert hits <= 16


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_lies_between_none_and_bonferroni_in_the_same_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, corrected in zip(p_values, adjusted, strict=True):
        assert p <= corrected <= min(1.0, len(p_values) * p) or corrected == pytest.approx(p)
    order = np.argsort(p_values, kind="stable")
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


def pseudo_values(reference: Array, generated: Array) -> Array:
    """As a distance between sets has them: the value and n times what each clip moves it, [n, k, d] each."""
    import torch

    from metrics.frechet.distance import Gaussian
    from metrics.frechet.influence import influence

    sides = [list(torch.from_numpy(side)) for side in (reference, generated)]
    found = influence(*(Gaussian.fitted(side, ddof=1) for side in sides), *sides)
    return found.distance + len(generated) * (found.first + found.second)


def drawn(n: int, k: int, d: int, seed: int, shifts: tuple[float, float]) -> list[Array]:
    """Features [n, k, d] of a reference and of two generators that share a part of each prompt."""
    generator = np.random.default_rng(seed)
    own = generator.normal(size=(n, 1, d))
    return [
        0.7 * own + 0.7 * generator.normal(size=(n, 1, d)) + 0.7 * generator.normal(size=(n, k, d)) + shift
        for shift in (0.0, *shifts)
    ]


@pytest.mark.parametrize("shifts", [(0.4, 0.4), (0.4, 0.8)])
def test_distances_vary_as_the_paired_bootstrap_says(shifts: tuple[float, float]) -> None:
    n, d = 80, 6
    reference, first, second = drawn(n, 3, d, 5, shifts)
    found = paired_difference(pseudo_values(reference, first), pseudo_values(reference, second))
    flat = [side.reshape(-1, d) for side in (reference, first, second)]
    assert found.mean == pytest.approx(frechet_distance(flat[0], flat[2]) - frechet_distance(flat[0], flat[1]))
    generator, resampled = np.random.default_rng(0), []
    for _ in range(300):
        same = generator.integers(n, size=n)  # the same prompts on all sides
        r, a, b = (side[same].reshape(-1, d) for side in (reference, first, second))
        resampled.append(frechet_distance(r, b) - frechet_distance(r, a))
    assert found.standard_error == pytest.approx(np.std(resampled), rel=0.15)
    independent = [pseudo_values(reference, side).std(ddof=1) / n**0.5 for side in (first, second)]
    assert np.hypot(*independent) > 1.2 * found.standard_error  # what unpaired sets would say


@pytest.mark.parametrize(("n", "k", "d"), [(30, 2, 8), (20, 1, 100)])
def test_distances_of_equals_are_called_different_in_one_of_twenty(n: int, k: int, d: int) -> None:
    hits = 0
    for seed in range(100):
        reference, first, second = drawn(n, k, d, seed, (0.3, 0.3))
        hits += claims(paired_difference(pseudo_values(reference, first), pseudo_values(reference, second)))
    assert hits <= 9  # 5 % of 100 and two standard deviations


def test_comparing_needs_no_pytorch() -> None:
    told = "import sys, metrics.base.comparison, bench.comparing.compare, reports.comparison_rendering as _;"
    told += "print([name for name in ('torch', 'torchmetrics', 'pandas', 'scipy.stats') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout.strip() == "[]"
