"""What all Frechet metrics share: scores, intervals, bias, notes, and the torchmetrics half."""

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

from metrics.base.estimate import Estimate
from metrics.base.intervals import bootstrap_interval
from metrics.base.metric import ClipObserver, DistributionMetric, Statistics
from metrics.base.signature import reduction_field
from metrics.frechet.distance import frechet_distance
from metrics.frechet.metric import FrechetMetric


@dataclass(frozen=True)
class ColourConfig:
    ddof: int = reduction_field(1)


class ColourObserver(ClipObserver):
    def __init__(self) -> None:
        self.means: list[NDArray[np.float32]] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        self.means.append(frames.mean(axis=(1, 2), dtype=np.float64).astype(np.float32))

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"features": np.concatenate(self.means)}


class ColourDistance(FrechetMetric):
    """Frechet distance of frames' mean colours: all of FID but the network."""

    name = "colour"
    title = "Colour"
    modalities: ClassVar = frozenset({"video"})
    dimension = 3
    minimum_clips = 20
    config = ColourConfig()

    def observe(self) -> ClipObserver:
        return ColourObserver()


class PlainColourDistance(ColourDistance):
    """The same for somebody who knows no influence function."""

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        return DistributionMetric.estimate(self, reference, generated)


def clips(n: int, seed: int, shift: float = 0.0, k: int = 4, d: int = 3) -> dict[str, Statistics]:
    generator = np.random.default_rng(seed)
    return {
        f"{i:03}": {"features": (generator.normal(size=(1, d)) + generator.normal(size=(k, d)) + shift).astype("f4")}
        for i in range(n)
    }


def stacked(statistics: dict[str, Statistics]) -> NDArray[np.float64]:
    return np.concatenate([statistics[key]["features"] for key in sorted(statistics)]).astype(np.float64)


def test_score_says_all() -> None:
    reference, generated = clips(60, 0), clips(40, 1, shift=0.5)
    score = ColourDistance().score(reference, generated, failed={"x": "no frames"})
    assert score.value == pytest.approx(frechet_distance(stacked(reference), stacked(generated)), rel=1e-12)
    assert score.n == 40
    assert score.low is not None
    assert score.high is not None
    assert 0 <= score.low < score.value < score.high
    assert score.details["reference_vectors"] == 240
    assert score.details["generated_vectors"] == 160
    assert score.details["bias_corrected"] < score.value
    assert score.notes == ()
    assert score.failed == {"x": "no frames"}
    turned = ColourDistance().score(dict(reversed(reference.items())), dict(reversed(generated.items())))
    assert (turned.value, turned.low, turned.high, turned.details) == (
        score.value,
        score.low,
        score.high,
        score.details,
    )


def test_a_set_is_at_zero_from_itself() -> None:
    score = ColourDistance().score(clips(10, 0), clips(10, 0))
    assert score.value == 0
    assert score.low is None
    assert score.notes == (
        "n = 10 is below the sensible minimum of 20 clips",
        "no interval: both sets hold the same vectors",
    )


def test_too_few_vectors_are_missing_and_low_rank_is_noted() -> None:
    one = ColourDistance().score(clips(3, 0), clips(1, 1, k=1))
    assert one.missing == "Colour needs two generated feature vectors at the least, got 1"
    few = ColourDistance().score(clips(3, 0, k=1), clips(30, 1))
    assert few.value is not None
    assert few.low is None
    assert any(note.startswith("3 feature vectors in 3 dimensions") for note in few.notes)


def test_influence_interval_agrees_with_the_clip_bootstrap() -> None:
    reference, generated = clips(150, 0), clips(150, 1, shift=0.7)
    metric = ColourDistance()
    score = metric.score(reference, generated)
    slow = bootstrap_interval(metric.reduce, list(reference.values()), list(generated.values()))
    assert slow is not None
    assert score.low is not None
    assert score.high is not None
    assert score.high - score.low == pytest.approx(slow[1] - slow[0], rel=0.15)


def test_bias_correction_removes_most_of_the_bias_and_replacement_does_not() -> None:
    """Truth is 0 here. Extrapolating over sets drawn WITH replacement, as fadtk does, corrects nothing."""
    metric = ColourDistance()
    plain, corrected, with_replacement = [], [], []
    for seed in range(20):
        reference, generated = clips(40, 2 * seed, k=1), clips(40, 2 * seed + 1, k=1)
        score = metric.score(reference, generated)
        plain.append(score.value)
        corrected.append(score.details["bias_corrected"])
        with_replacement.append(_extrapolated_with_replacement(stacked(reference), stacked(generated), seed))
    assert abs(np.mean(corrected)) < 0.25 * np.mean(plain)
    assert abs(np.mean(with_replacement)) > 0.5 * np.mean(plain)


def _extrapolated_with_replacement(x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> float:
    generator = np.random.default_rng(seed)
    sizes = np.linspace(20, len(x), 12).astype(int)
    distances = [frechet_distance(x, y[generator.integers(len(y), size=size)]) for size in sizes]
    return float(np.polyfit(1 / sizes, distances, 1)[1])


def video(n: int, seed: int) -> torch.Tensor:
    return torch.randint(0, 256, (n, 5, 3, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def test_torchmetrics_half_agrees_with_the_harness() -> None:
    metric = ColourDistance()
    metric.update(video(12, 0), real=True)
    metric.update(video(5, 1), real=False)
    revived: ColourDistance = pickle.loads(pickle.dumps(metric))
    revived.update(video(4, 2), real=False)
    observed: dict[bool, list[Statistics]] = {True: [], False: []}
    for real, batch in ((True, video(12, 0)), (False, torch.cat([video(5, 1), video(4, 2)]))):
        for clip in batch:
            observer = metric.observe()
            observer.frames(clip.permute(0, 2, 3, 1).numpy())
            observed[real].append(observer.finish()())
    expected = metric.reduce(observed[True], observed[False])
    assert float(revived.compute()) == pytest.approx(expected, rel=1e-9)
    assert revived.compute().dtype == torch.float64

    collection = MetricCollection({"one": ColourDistance(), "population": ColourDistance(config=ColourConfig(ddof=0))})
    collection.update(video(12, 0), real=True)
    collection.update(video(9, 1), real=False)
    values = collection.compute()
    assert values["one"] != values["population"]


def test_a_large_mean_beside_a_small_spread_costs_no_digits() -> None:
    """As with FID's and FVD's features; from plain sums and products the covariance would have negative eigenvalues."""
    features = {name: 1000 + np.random.default_rng(seed).normal(size=(6, 3)) / 100 for seed, name in enumerate("rg")}
    metric = ColourDistance()
    for row in range(6):
        for name, real in (("r", True), ("g", False)):
            metric._absorb({"features": features[name][row : row + 1]}, real)
    assert float(metric.compute()) == pytest.approx(frechet_distance(features["r"], features["g"]), rel=1e-9)


@pytest.mark.parametrize("metric", [ColourDistance(), PlainColourDistance()], ids=["influence", "jackknife"])
def test_numbers_by_clip_carry_the_distance_and_the_error_of_a_difference(metric: DistributionMetric) -> None:
    """Their mean is the distance, and differences between two generators' have the bootstrap's standard error."""
    n = 80
    reference = clips(n, 0, k=6)
    noise = clips(n, 1, k=6)
    near, far = (
        {key: {"features": c["features"] + weight * noise[key]["features"] + shift} for key, c in reference.items()}
        for weight, shift in ((0.3, 0.6), (0.6, 0.9))
    )
    scores = [metric.score(reference, generated) for generated in (near, far)]
    for score in scores:
        assert list(score.by_clip) == sorted(reference)
        assert np.mean(list(score.by_clip.values())) == pytest.approx(score.value, rel=1e-12)
    told = np.array([scores[1].by_clip[key] - scores[0].by_clip[key] for key in reference])
    error = told.std(ddof=1) / np.sqrt(n)

    generator = np.random.default_rng(2)
    keys = sorted(reference)
    resampled = []
    for _ in range(400):
        drawn = [keys[i] for i in generator.integers(n, size=n)]
        sides = [[side[key] for key in drawn] for side in (reference, near, far)]
        resampled.append(metric.reduce(sides[0], sides[2]) - metric.reduce(sides[0], sides[1]))
    assert error == pytest.approx(np.std(resampled, ddof=1), rel=0.15)
    apart = np.hypot(*(np.std(list(score.by_clip.values()), ddof=1) / np.sqrt(n) for score in scores))
    assert error < 0.9 * apart, "pairing must pay, or the test shows nothing"


def test_there_are_no_numbers_by_clip_without_pairs() -> None:
    assert ColourDistance().score(clips(20, 0), clips(19, 1)).by_clip == {}
    assert ColourDistance().score(clips(4, 0), clips(4, 1)).by_clip == {}
