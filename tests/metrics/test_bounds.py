"""Ceiling and chance of any metric, from the reference clips alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from metrics.base.bounds import bounds
from metrics.base.metric import ClipObserver, DistributionMetric, PairedMetric, Statistics, Unmeasurable
from metrics.base.score import Score


class Observed:
    modalities: ClassVar = frozenset({"audio"})
    higher_is_better = False
    title = "Distance"

    def observe(self) -> ClipObserver:
        raise AssertionError("bounds are made from statistics")


class Pairwise(Observed, PairedMetric):
    name = "pairwise"

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        if reference["x"] > 90:
            raise Unmeasurable("too loud")
        return {"value": np.abs(reference["x"] - generated["x"])}


class Setwise(Observed, DistributionMetric):
    name = "setwise"

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        return float(abs(np.mean([c["x"] for c in reference]) - np.mean([c["x"] for c in generated])))


REFERENCE = {f"{i}": {"x": np.array(float(i))} for i in range(8)}


def test_a_paired_metric() -> None:
    found = bounds(Pairwise(), {**REFERENCE, "loud": {"x": np.array(99.0)}})
    assert found.ceiling.value == 0
    assert found.ceiling.n == 8
    assert found.ceiling.failed == {"loud": "too loud"}
    assert found.chance.value is not None
    assert found.chance.value > 2
    alone = bounds(Pairwise(), {"a": {"x": np.array(1.0)}})
    assert alone.ceiling.value == 0
    assert alone.chance.missing == "there is no other clip to be paired with"


def test_a_distribution_metric() -> None:
    found = bounds(Setwise(), REFERENCE)
    assert found == bounds(Setwise(), dict(reversed(REFERENCE.items())))
    assert found.ceiling.n == 4
    assert found.ceiling.details["reference_clips"] == 4
    assert "two halves of 4 clips" in found.ceiling.notes[-1]
    assert found.chance.missing is not None
    few = bounds(Setwise(), {"a": {"x": np.array(1.0)}})
    assert few.ceiling.missing == "two halves need two clips at the least, got 1"


Clips = Mapping[str, Statistics]


class Counted(dict[str, Statistics]):
    """Counts how often a clip is fetched."""

    fetched = 0

    def __getitem__(self, key: str) -> Statistics:
        self.fetched += 1
        return super().__getitem__(key)


class Streaming(Setwise):
    def score(self, reference: Clips, generated: Clips, failed: Mapping[str, str] | None = None) -> Score:
        assert CLIPS.fetched == 0
        return super().score(reference, generated, failed)


CLIPS = Counted(REFERENCE)


def test_clips_are_fetched_only_when_the_metric_asks_for_them() -> None:
    assert bounds(Streaming(), CLIPS) == bounds(Setwise(), REFERENCE)
    assert CLIPS.fetched == 8
