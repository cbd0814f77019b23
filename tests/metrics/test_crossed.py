"""Intervals over prompts and seeds cover what they say, whichever of the two varies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.base.crossed import crossed_interval
from metrics.base.intervals import mean_interval


@pytest.mark.parametrize(("prompt", "seed"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (3.0, 0.3)])
def test_they_cover_the_true_mean(prompt: float, seed: float) -> None:
    rng = np.random.default_rng(3)
    missed = naive = 0
    for _ in range(600):
        values = (
            prompt * rng.standard_normal((1, 20)) + seed * rng.standard_normal((3, 1)) + rng.standard_normal((3, 20))
        )
        low, high = crossed_interval(values) or (0.0, 0.0)
        missed += not low <= 0 <= high
        each = values.reshape(-1)
        naive += abs(each.mean()) > 2 * each.std() / len(each) ** 0.5
    assert missed / 600 < 0.08
    if seed >= 1:  # as if all narrations were independent, which trainings of one seed are not
        assert naive / 600 > 0.2


@given(st.floats(-5, 5), st.floats(0.1, 10), st.integers(0, 99))
def test_they_follow_shifts_and_scales(shift: float, scale: float, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal((3, 8))
    low, high = crossed_interval(values) or (0.0, 0.0)
    np.testing.assert_allclose(crossed_interval(scale * values + shift), (scale * low + shift, scale * high + shift))
    np.testing.assert_allclose(crossed_interval(values[::-1, ::-1]), (low, high))


def test_few_prompts_one_seed_and_equal_values() -> None:
    assert crossed_interval(np.zeros((3, 4))) is None
    assert crossed_interval(np.full((3, 6), 2.0)) == (2.0, 2.0)
    one = np.arange(7.0)
    assert crossed_interval(one[None]) == mean_interval(one)
