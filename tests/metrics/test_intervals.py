"""Intervals are seeded, cover skewed means, and say nothing where nothing can be said."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.base.intervals import bootstrap_interval, extrapolated, mean_interval


def skewed(n: int, seed: int) -> NDArray[np.float64]:
    """Like per-clip distortions: lognormal, mean exp(1/8)."""
    return np.random.default_rng(seed).lognormal(sigma=0.5, size=n)


def percentile_interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    generator = np.random.default_rng(seed)
    means = values[generator.integers(len(values), size=(2000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def test_the_mean_is_covered_and_plain_percentiles_cover_less() -> None:
    truth, trials = np.exp(0.125), 300
    hits = {"studentised": 0, "percentile": 0}
    for seed in range(trials):
        values = skewed(20, seed)
        for name, interval in (
            ("studentised", mean_interval(values)),
            ("percentile", percentile_interval(values, seed)),
        ):
            assert interval is not None
            hits[name] += interval[0] <= truth <= interval[1]
    assert 0.92 <= hits["studentised"] / trials <= 0.98
    assert hits["percentile"] < hits["studentised"]


def test_same_values_same_interval() -> None:
    assert mean_interval(skewed(30, 1)) == mean_interval(skewed(30, 1))


@pytest.mark.parametrize("n", [6, 12, 25])
def test_one_value_that_differs_leaves_room_on_both_sides(n: int) -> None:
    values = np.zeros(n)
    values[3] = 1.0
    low, high = mean_interval(values) or (0.0, 0.0)
    error = values.std(ddof=1) / np.sqrt(n)
    assert low < values.mean() - error
    assert high > values.mean() + error


def test_nothing_is_claimed_of_too_few() -> None:
    assert mean_interval(skewed(4, 1)) is None
    assert mean_interval(np.full(9, 2.5)) == (2.5, 2.5)
    assert bootstrap_interval(lambda x, y: 0.0, [1] * 4, [1] * 9) is None


def test_global_random_state_is_left_alone() -> None:
    np.random.seed(7)  # noqa: NPY002 - the state that must not be touched
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    mean_interval(skewed(30, 1))
    bootstrap_interval(lambda x, y: abs(float(np.mean(x) - np.mean(y))), [1.0, 2, 3, 4, 5], [2.0, 3, 4, 5, 6])
    assert np.random.rand() == expected  # noqa: NPY002


def test_extrapolation_is_exact_for_a_bias_in_one_over_n() -> None:
    sets: tuple[list[int], list[int]] = (list(range(40)), list(range(60)))

    def distance(x: object, y: object) -> float:
        return 3 + 8 / len(x) + 5 / len(y)  # type: ignore[arg-type]

    assert abs(extrapolated(distance, *sets, distance(*sets)) - 3) < 1e-12
