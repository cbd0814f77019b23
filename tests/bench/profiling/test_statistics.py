"""Percentiles, ratios and exponents: against NumPy and SciPy, and whether their intervals hold what they say."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from bench.profiling.percentiles import distribution, needs, percentile
from bench.profiling.ratios import FLOOR, claim, exponent, paired_ratio, ratio_of_sums
from reports.profiles import Estimate


@pytest.mark.parametrize("count", [6, 20, 37, 100, 400])
def test_percentiles_are_numpys_inverted_cdf(count: int) -> None:
    samples = np.random.default_rng(count).exponential(size=count)
    for percent in (50.0, 90.0, 95.0, 99.0):
        told = percentile(samples, percent)
        assert told.needs == needs(percent)
        if count < told.needs:
            assert (told.value, told.low, told.high) == (None, None, None)
        else:
            assert told.value == np.percentile(samples, percent, method="inverted_cdf")
            assert told.low is not None
            assert told.high is not None
            assert told.low <= told.value <= told.high


def test_least_counts_are_the_fewest_that_bound_the_percentile() -> None:
    for percent in (1.0, 50.0, 90.0, 99.0, 99.9):
        share, count = max(percent, 100 - percent) / 100, needs(percent)
        assert share**count <= 0.025 < share ** (count - 1)


def test_intervals_of_percentiles_cover_as_they_say() -> None:
    random = np.random.default_rng(0)
    for percent, count in ((50.0, 15), (90.0, 60), (95.0, 72)):
        truth = -math.log(1 - percent / 100)
        told = [percentile(random.exponential(size=count), percent) for _ in range(400)]
        covered = np.mean([p.low <= truth <= p.high for p in told])  # type: ignore[operator]
        assert covered >= 0.93


def test_a_percentile_is_a_sample_whatever_the_order() -> None:
    samples = [3.0, 1.0, 2.0, 5.0, 4.0, 6.0]
    told = distribution(samples)
    assert told.percentiles[0].value == 3.0
    assert (told.least, told.greatest, told.mean, told.samples) == (1.0, 6.0, 3.5, tuple(samples))


def test_paired_ratio_is_the_median_of_walsh_averages_with_wilcoxons_interval() -> None:
    logs = np.random.default_rng(1).normal(0.1, 0.05, 9)
    told = paired_ratio(np.exp(logs).tolist())
    walsh = [(a + b) / 2 for a, b in itertools.combinations_with_replacement(logs, 2)]
    assert math.log(told.value) == pytest.approx(np.median(walsh))
    assert told.low is not None
    assert told.high is not None
    for end, inside in ((math.log(told.low), 1e-9), (math.log(told.high), -1e-9)):
        # just outside of the interval the exact test refuses the ratio, just inside it does not
        assert scipy.stats.wilcoxon(logs - end - inside, method="exact").pvalue > 0.05
        assert scipy.stats.wilcoxon(logs - end + inside, method="exact").pvalue <= 0.05


def test_intervals_of_ratios_cover_and_outliers_move_them_little() -> None:
    random = np.random.default_rng(2)
    told = [paired_ratio(np.exp(random.normal(0.05, 0.03, 8)).tolist()) for _ in range(400)]
    assert np.mean([t.low <= math.exp(0.05) <= t.high for t in told]) >= 0.93  # type: ignore[operator]
    assert paired_ratio([1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0, 30.0]).value == pytest.approx(1.0, abs=0.02)
    assert paired_ratio([1.1, 1.1]).low is None


@pytest.mark.parametrize(
    ("ratio", "control", "told"),
    [
        (Estimate(value=1.1, low=1.08, high=1.12), Estimate(value=1.0, low=0.99, high=1.01), "slower"),
        (Estimate(value=0.9, low=0.88, high=0.92), Estimate(value=1.0, low=0.99, high=1.01), "faster"),
        (Estimate(value=1.1, low=0.98, high=1.2), Estimate(value=1.0, low=0.99, high=1.01), None),
        (Estimate(value=1.1, low=1.08, high=1.12), Estimate(value=1.05, low=0.9, high=1.15), None),
        (Estimate(value=1.1, low=1.03, high=1.17), Estimate(value=1.0, low=0.95, high=1.05), None),
        (Estimate(value=1.01, low=1.009, high=1.011), Estimate(value=1.0, low=0.999, high=1.001), None),
        (Estimate(value=1.5), Estimate(value=1.0), None),
    ],
)
def test_nothing_is_claimed_below_the_spread(ratio: Estimate, control: Estimate, told: str | None) -> None:
    claimed, spread, reason = claim(ratio, control)
    assert claimed == told
    assert spread >= FLOOR
    assert (reason is None) == (told is not None)


def test_ratio_of_sums_covers() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        below = random.uniform(2, 4, 12)
        told = ratio_of_sums(below * random.normal(1.5, 0.1, 12), below)
        assert told is not None
        held += told.low <= 1.5 <= told.high  # type: ignore[operator]
    assert held / 400 >= 0.92
    assert ratio_of_sums([1.0], [0.0]) is None


def test_exponent_is_scipys_regression() -> None:
    levels = np.repeat([1.0, 2.0, 4.0, 8.0], 3)
    seconds = 0.3 * levels**1.7 * np.exp(np.random.default_rng(4).normal(0, 0.05, 12))
    told, line = exponent(levels, seconds), scipy.stats.linregress(np.log(levels), np.log(seconds))
    assert told is not None
    reach = scipy.stats.t.ppf(0.975, 10) * line.stderr
    assert (told.value, told.low, told.high) == pytest.approx((line.slope, line.slope - reach, line.slope + reach))
    assert exponent([1.0, 1.0, 2.0], [1.0, 1.0, 2.0]) is None
