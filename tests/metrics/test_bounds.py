"""Ceiling and chance of any metric, from the reference clips alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest

from metrics.base.bounds import chance_partners, set_bounds
from metrics.base.estimate import Estimate
from metrics.base.metric import ClipObserver, DistributionMetric, Statistics, Unmeasurable


class Observed:
    modalities: ClassVar = frozenset({"audio"})
    higher_is_better = False
    title = "Distance"

    def observe(self) -> ClipObserver:
        raise AssertionError("bounds are made from statistics")


class Setwise(Observed, DistributionMetric):
    name = "setwise"

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        return float(abs(np.mean([c["x"] for c in reference]) - np.mean([c["x"] for c in generated])))


REFERENCE = {f"{i}": {"x": np.array(float(i))} for i in range(8)}


def test_each_clip_is_paired_with_one_half_the_set_away() -> None:
    assert chance_partners("dabc") == {"a": "c", "b": "d", "c": "a", "d": "b"}
    assert chance_partners(["a"]) == {}


def test_a_distance_between_sets() -> None:
    found = set_bounds(Setwise(), REFERENCE, 8)
    assert found == set_bounds(Setwise(), dict(reversed(REFERENCE.items())), 8)
    assert found.ceiling.n == 8
    assert found.ceiling.details == {"half": 4}
    assert found.ceiling.notes == ("two halves of 4 clips, extrapolated to 8",)
    assert found.chance.missing is not None
    few = set_bounds(Setwise(), {"a": {"x": np.array(1.0)}}, 1)
    assert few.ceiling.missing == "two halves need two clips at the least, got 1"


class Biased(Setwise):
    """A distance that depends on the sizes alone: 5 between infinite sets, more by 1/n for each of them."""

    limits: ClassVar = (0.0, np.inf)

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        return 5 + 7 / len(reference) + 7 / len(generated)

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        value = self.reduce(reference, generated)
        return Estimate(value, (value - 2, value + 2))


@pytest.mark.parametrize(("references", "generated"), [(8, 8), (8, 3), (40, 17), (41, 500)])
def test_the_ceiling_has_the_size_of_the_score(references: int, generated: int) -> None:
    reference = {f"{i:03}": {"x": np.array(float(i))} for i in range(references)}
    ceiling = set_bounds(Biased(), reference, generated).ceiling
    assert ceiling.value == pytest.approx(5 + 7 / references + 7 / generated)
    assert ceiling.low is not None
    assert ceiling.high is not None
    assert ceiling.low < ceiling.value < ceiling.high


def test_the_ceiling_never_lies_below_what_a_distance_can_be() -> None:
    class Steep(Biased):
        def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
            return max(0.0, 1 / len(reference) - 0.2)

    ceiling = set_bounds(Steep(), REFERENCE, 1000).ceiling
    assert ceiling.value == 0.0
    assert ceiling.low == 0.0


def test_without_quarters_the_halves_stand_and_say_so() -> None:
    class Two(Biased):
        def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
            if len(reference) < 2:
                raise Unmeasurable("two clips at the least")
            return super().reduce(reference, generated)

    four = {key: REFERENCE[key] for key in list(REFERENCE)[:4]}
    ceiling = set_bounds(Two(), four, 4).ceiling
    assert ceiling.value == pytest.approx(5 + 7)
    assert ceiling.notes == ("two halves of 2 clips; smaller sets lie further apart",)
    three = {key: REFERENCE[key] for key in list(REFERENCE)[:3]}
    assert set_bounds(Two(), three, 3).ceiling.missing == "two clips at the least"
