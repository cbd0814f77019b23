"""FID under each name against the package it is named for: goldens by tests/reference/fid_goldens.py."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest
from support.reference_goldens import Goldens, deviation
from support.reference_inputs import digest, pictures, projected

from metrics import FrechetInceptionDistance
from metrics.base.metric import Statistics
from metrics.video.fid import CONVENTIONS

pytestmark = pytest.mark.weights

GOLDENS = Goldens("fid")
FEATURES = 2e-5
"""Relative; float32 networks that sum in another order differ by 3e-6."""
DISTANCE = 1e-5
"""Relative; `sqrtm` of covariances of rank 11 in 2048 dimensions adds to the features' deviation."""

Sides = list[list[Statistics]]


@pytest.fixture(scope="module")
def measured() -> Callable[[str], Sides]:
    """The statistics of the reference and of the generated pictures by convention, each measured once.

    Pictures of a size are the frames of a clip: one of a single frame would fill a whole block of the network.
    """
    known: dict[str, Sides] = {}

    def measure(name: str) -> Sides:
        if name not in known:
            metric = FrechetInceptionDistance(name)
            sides = []
            for generated in (False, True):
                same_size = [np.stack(list(some)) for _, some in groupby(pictures(generated), key=np.shape)]
                observers = [(metric.observe(), clip) for clip in same_size]
                for observer, clip in observers:
                    observer.frames(clip)
                sides.append([observer.finish() for observer, _ in observers])
            known[name] = [[pending() for pending in side] for side in sides]
        return known[name]

    return measure


def features(sides: Sides) -> np.ndarray:
    return projected(np.concatenate([clip["features"] for side in sides for clip in side]))


def test_the_pictures_are_those_that_the_packages_saw() -> None:
    assert digest(pictures(False) + pictures(True)) == GOLDENS.inputs["pictures"]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_features_and_distance_are_the_packages(name: str, measured: Callable[[str], Sides]) -> None:
    sides = measured(name)
    assert deviation(features(sides), GOLDENS.features[name]) < FEATURES
    distance = FrechetInceptionDistance(name).reduce(*sides)
    assert distance == pytest.approx(GOLDENS.records[name]["distance"], rel=DISTANCE)


def test_whoever_takes_one_convention_for_another_misses(measured: Callable[[str], Sides]) -> None:
    """Each name's features and distance are far from those of every other package."""
    for name in CONVENTIONS:
        sides = measured(name)
        distance = FrechetInceptionDistance(name).reduce(*sides)
        for other in set(CONVENTIONS) - {name}:
            assert deviation(features(sides), GOLDENS.features[other]) > 100 * FEATURES
            assert abs(distance / GOLDENS.records[other]["distance"] - 1) > 100 * DISTANCE
