"""The Frechet distance against that of each package: goldens by tests/reference/frechet_goldens.py."""

from __future__ import annotations

import numpy as np
import pytest
from support.reference_goldens import Goldens
from support.reference_inputs import digest, gaussian_features

from metrics.frechet.distance import frechet_distance, frechet_distance_from_moments

GOLDENS = Goldens("frechet")
SIZES = {"many": (500, 400), "few": (24, 20)}
DISTANCE = 1e-6
"""Relative. Those that take the mean in float32 lie 1e-7 away, `sqrtm` of singular matrices adds less."""
DDOF_0 = "cd-fvd"
WITH_EPSILON = "fvmd"


def features(size: str) -> tuple[np.ndarray, np.ndarray]:
    n, m = SIZES[size]
    return gaussian_features(1, n), gaussian_features(2, m)


def with_epsilon(x: np.ndarray, y: np.ndarray, epsilon: float) -> float:
    """The distance with `epsilon` added to the covariances' diagonals under the square root only, as fvmd has it."""
    added = epsilon * np.eye(x.shape[1])
    moments = [(z.mean(axis=0, dtype=np.float64), np.cov(z, rowvar=False) + added) for z in (x, y)]
    return frechet_distance_from_moments(*moments[0], *moments[1]) - 2 * x.shape[1] * epsilon


def ours(package: str, size: str) -> float:
    x, y = features(size)
    if package == WITH_EPSILON:
        return with_epsilon(x, y, 1e-5)
    return frechet_distance(x, y, ddof=0 if package == DDOF_0 else 1)


@pytest.mark.parametrize("size", SIZES)
def test_the_features_are_those_that_the_packages_saw(size: str) -> None:
    assert digest(features(size)) == GOLDENS.inputs[size]


@pytest.mark.parametrize("name", GOLDENS.records)
def test_the_distance_is_the_packages(name: str) -> None:
    package, size = name.split(", ")
    assert ours(package, size) == pytest.approx(GOLDENS.records[name]["distance"], rel=DISTANCE)


@pytest.mark.parametrize("size", SIZES)
def test_the_other_ddof_and_a_missing_epsilon_miss(size: str) -> None:
    x, y = features(size)
    golden = {name: GOLDENS.records[f"{name}, {size}"]["distance"] for name in ("pytorch-fid", DDOF_0, WITH_EPSILON)}
    assert abs(frechet_distance(x, y, ddof=0) / golden["pytorch-fid"] - 1) > 100 * DISTANCE
    assert abs(frechet_distance(x, y, ddof=1) / golden[DDOF_0] - 1) > 100 * DISTANCE
    assert abs(frechet_distance(x, y, ddof=1) / golden[WITH_EPSILON] - 1) > 10 * DISTANCE
