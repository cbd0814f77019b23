"""A stranger's metric of a few lines gets scores, intervals, signatures and the torchmetrics half."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics import MetricCollection

from metrics.base.metric import ClipObserver, DistributionMetric, PairedMetric, Statistics, Unmeasurable
from metrics.base.score import summary


class LevelObserver(ClipObserver):
    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:
        self.power = np.mean(waveform.astype(np.float64) ** 2)

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"power": np.array(self.power)}


@dataclass(frozen=True)
class LevelConfig:
    floor: float = 1e-6


class LevelDifference(PairedMetric):
    name = "level"
    title = "Level"
    unit = "dB"
    modalities: ClassVar = frozenset({"audio"})
    higher_is_better = False
    config = LevelConfig()
    minimum_clips = 8

    def observe(self) -> ClipObserver:
        return LevelObserver()

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        if reference["power"] < self.config.floor:
            raise Unmeasurable("the reference is silent")
        return {"value": np.abs(10 * np.log10(generated["power"] / reference["power"]))}


class MeanLevelDifference(DistributionMetric):
    name = "mean-level"
    title = "Mean level"
    modalities: ClassVar = frozenset({"audio"})
    higher_is_better = False

    def observe(self) -> ClipObserver:
        return LevelObserver()

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        if not reference or not generated:
            raise Unmeasurable("mean-level needs a clip on each side")
        return float(abs(np.mean([c["power"] for c in reference]) - np.mean([c["power"] for c in generated])))


def noise(n: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    level = torch.rand(n, 1, generator=generator) + 0.1
    return level * torch.randn(n, 400, generator=generator)


def observed(metric: LevelDifference | MeanLevelDifference, clips: torch.Tensor) -> list[Statistics]:
    statistics = []
    for clip in clips:
        observer = metric.observe()
        observer.waveform(clip.numpy(), 16_000)
        statistics.append(observer.finish()())
    return statistics


def test_paired_metric_scores_in_any_order() -> None:
    metric = LevelDifference()
    pairs = {
        f"{i:02}": metric.compare(reference, generated)
        for i, (reference, generated) in enumerate(
            zip(observed(metric, noise(20)), observed(metric, noise(20, 1)), strict=True)
        )
    }
    score = metric.score(pairs, failed={"99": "the reference is silent"})
    assert score == metric.score(dict(reversed(pairs.items())), failed={"99": "the reference is silent"})
    assert score.n == 20
    assert score.unit == "dB"
    assert score.direction == "lower"
    assert score.failed == {"99": "the reference is silent"}
    assert score.value == pytest.approx(np.mean([pair["value"] for pair in pairs.values()]))
    assert score.low is not None
    assert score.high is not None
    assert score.low < score.value < score.high
    assert score.signature.startswith("level|floor:1e-06|version:")
    assert score.notes == ()
    assert score.by_clip == {key: float(pair["value"]) for key, pair in pairs.items()}

    torch_half = LevelDifference()
    torch_half.update(noise(20, 1)[:7], noise(20)[:7], sample_rate=16_000)
    torch_half.update(noise(20, 1)[7:], noise(20)[7:], sample_rate=16_000)
    assert float(torch_half.compute()) == pytest.approx(score.value, rel=1e-12)


def test_few_clips_are_said_and_no_clips_are_missing() -> None:
    metric = LevelDifference()
    pair = {"value": np.array(1.5)}
    few = metric.score({"a": pair, "b": pair})
    assert few.value == 1.5
    assert few.low is None
    assert few.notes == (
        "n = 2 is below the sensible minimum of 8 clips",
        "no interval: n = 2, at least 5 clips are needed",
    )
    none = metric.score({}, failed={"a": "the reference is silent", "b": "the reference is silent"})
    assert none.value is None
    assert none.missing == "none of 2 pairs could be measured: the reference is silent"
    assert metric.score({}).missing == "there are no pairs"


def test_reasons_of_equal_frequency_are_all_told() -> None:
    four = {"a": "silent", "b": "no audio", "c": "too short", "d": "NaN"}
    assert summary(four, "clips") == (
        "none of 4 clips could be measured: NaN (1); no audio (1); silent (1); and 1 more"
    )
    assert summary({**four, "e": "silent"}, "clips").startswith("none of 5 clips could be measured: silent (2); ")


def test_an_interval_ends_where_values_end() -> None:
    class Bounded(LevelDifference):
        limits: ClassVar[tuple[float, float]] = (0.0, 0.5)

    pairs = {str(n): {"value": np.array(float(n == 0))} for n in range(6)}
    free, bounded = LevelDifference().score(pairs), Bounded().score(pairs)
    assert free.low is not None
    assert free.high is not None
    assert free.low < 0
    assert free.high > 0.5
    assert (bounded.value, bounded.low, bounded.high) == (free.value, 0.0, 0.5)


def test_distribution_metric_scores_and_gathers() -> None:
    metric = MeanLevelDifference()
    reference = {f"r{i}": s for i, s in enumerate(observed(metric, noise(12)))}
    generated = {f"g{i}": s for i, s in enumerate(observed(metric, noise(9, 1)))}
    score = metric.score(reference, generated)
    assert score == metric.score(dict(reversed(reference.items())), dict(reversed(generated.items())))
    assert score.n == 9
    assert score.details == {"reference_clips": 12}
    assert score.low is not None
    assert score.low < score.value < score.high

    metric.update(noise(12), real=True, sample_rate=16_000)
    metric.update(noise(9, 1), real=False, sample_rate=16_000)
    revived = pickle.loads(pickle.dumps(metric))
    assert float(revived.compute()) == pytest.approx(score.value, rel=1e-12)
    assert metric.score({}, generated).missing == "mean-level needs a clip on each side"


def test_a_collection_holds_them() -> None:
    collection = MetricCollection([LevelDifference()])
    collection.update(noise(4, 1), noise(4), sample_rate=16_000)
    assert set(collection.compute()) == {"LevelDifference"}


def test_misuse_is_explained() -> None:
    metric = LevelDifference()
    with pytest.raises(ValueError, match="sample_rate"):
        metric.update(noise(2), noise(2))
    with pytest.raises(ValueError, match=r"takes floating-point audio \[N, S\] in -1..1, got int64 \[2, 3\]: divide"):
        metric.update(torch.zeros(2, 3, dtype=torch.int64), noise(2), sample_rate=16_000)
    for rate in (0, -1, float("nan"), 16_000.0, True):
        with pytest.raises(ValueError, match="sample_rate must be a whole number of Hz of at least 1, got"):
            metric.update(noise(2), noise(2), sample_rate=rate)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 generated and 3 reference"):
        metric.update(noise(2), noise(3), sample_rate=16_000)
    metric.update(noise(2), torch.zeros(2, 400), sample_rate=16_000)
    with pytest.raises(Unmeasurable, match=r"2 could not be measured \(the last: the reference is silent\)"):
        metric.compute()
