"""KID against torchmetrics, precision to coverage against `prdc`; intervals, bounds and a cache that is shared."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from metrics.base.bounds import set_bounds
from metrics.base.metric import Unmeasurable
from metrics.builtin import METRICS, make
from metrics.sets.kernel import discrepancy
from metrics.sets.metric import KernelDistanceConfig, KernelInceptionDistance, OverlapConfig, SetOverlap

NAMES = ("precision", "recall", "density", "coverage")
Clips = list[dict[str, NDArray[Any]]]


def clips(seed: int, count: int, per_clip: int = 1, shift: float = 0.0, dimension: int = 32) -> Clips:
    """Feature vectors whose clips lie apart, as those of videos do."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(count, 1, dimension)) + shift
    vectors = centres + 0.3 * generator.normal(size=(count, per_clip, dimension))
    return [{"features": clip.astype(np.float32)} for clip in vectors]


def stacked(side: Sequence[dict[str, NDArray[Any]]]) -> NDArray[np.float32]:
    return np.concatenate([clip["features"] for clip in side])


@pytest.mark.parametrize("per_clip", [1, 7])
def test_kid_is_torchmetrics_on_all_vectors(per_clip: int) -> None:
    from torchmetrics.image.kid import poly_mmd

    first, second = clips(0, 30, per_clip), clips(1, 30, per_clip, 0.2)
    expected = float(poly_mmd(*(torch.from_numpy(stacked(side)).double() for side in (first, second))))
    found = discrepancy(*([torch.from_numpy(c["features"]) for c in side] for side in (first, second)))
    assert found.value == pytest.approx(expected, rel=1e-10)
    assert found.first.sum() == pytest.approx(0, abs=1e-12)


def test_kid_is_what_torchmetrics_random_subsets_tend_to() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance as Theirs

    class Flat(torch.nn.Module):
        num_features = 32

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1).double()

    torch.manual_seed(0)
    first, second = clips(0, 60), clips(1, 60, shift=0.3)
    theirs = Theirs(feature=Flat(), subsets=400, subset_size=30, normalize=True)
    theirs.set_dtype(torch.float64)
    theirs.real_features = [torch.from_numpy(stacked(first)).double()]
    theirs.fake_features = [torch.from_numpy(stacked(second)).double()]
    mean, spread = (float(number) for number in theirs.compute())
    ours = KernelInceptionDistance().reduce(first, second)
    assert abs(ours - mean) < 4 * spread / 400**0.5


@pytest.mark.parametrize("shift", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("nearest", [1, 5])
def test_overlaps_are_those_of_prdc(shift: float, nearest: int) -> None:
    prdc = pytest.importorskip("prdc")
    first, second = clips(0, 40), clips(1, 33, shift=shift)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = prdc.compute_prdc(stacked(first), stacked(second), nearest)
    for name in NAMES:
        found = SetOverlap(name, OverlapConfig(nearest=nearest)).reduce(first, second)
        assert found == pytest.approx(expected[name], abs=1e-12), name


def test_a_clip_is_the_mean_of_its_vectors() -> None:
    first, second = clips(0, 20, 5), clips(1, 20, 5)
    means = [[{"features": c["features"].mean(axis=0, keepdims=True)} for c in side] for side in (first, second)]
    for name in NAMES:
        metric = SetOverlap(name)
        assert metric.reduce(first, second) == metric.reduce(*means)


@pytest.mark.parametrize("name", ["kid", *NAMES])
def test_a_worse_set_is_worse(name: str) -> None:
    reference = clips(0, 40)
    same, apart = (make(name).reduce(reference, clips(1, 40, shift=shift)) for shift in (0.0, 2.0))
    assert (apart > same) if name == "kid" else (apart < same)


@pytest.mark.parametrize("name", ["kid", *NAMES])
def test_interval_and_numbers_by_clip_belong_to_the_value(name: str) -> None:
    reference, generated = ({f"{i:02}": c for i, c in enumerate(clips(seed, 40, 3, 0.2 * seed))} for seed in (0, 1))
    score = make(name).score(reference, generated)
    assert score.value is not None
    assert score.low is not None
    assert score.high is not None
    assert score.low <= score.value <= score.high
    assert score.high > score.low
    assert np.mean(list(score.by_clip.values())) == pytest.approx(score.value)


def test_the_interval_covers_what_new_clips_give() -> None:
    """KID of new clips lies in the interval about as often as it says; the known-wrong one over vectors does not."""
    kid = KernelInceptionDistance()
    truth = np.mean([kid.reduce(clips(s, 30, 4), clips(s + 500, 30, 4, 0.3)) for s in range(40)])
    inside = narrow = 0
    for seed in range(1000, 1060):
        first, second = clips(seed, 30, 4), clips(seed + 500, 30, 4, 0.3)
        made = kid.estimate(first, second)
        assert made.interval is not None
        inside += made.interval[0] <= truth <= made.interval[1]
        alone = [[{"features": v[None]} for c in side for v in c["features"]] for side in (first, second)]
        wrong = kid.estimate(*alone).interval
        assert wrong is not None
        narrow += wrong[0] <= truth <= wrong[1]
    assert inside / 60 > 0.85
    assert narrow < inside


def test_bounds_are_of_the_same_scale() -> None:
    reference = {f"{i:02}": c for i, c in enumerate(clips(0, 40))}
    for name in ("kid", *NAMES):
        ceiling = set_bounds(make(name), reference, 40).ceiling
        assert ceiling.value is not None
        low, high = make(name).limits
        assert low <= ceiling.value <= high


def test_the_features_are_another_metrics_and_shared() -> None:
    for features in ("fid", "fvd", "fad-ge2e"):
        ours, theirs = make("kid", features=features), make(features)
        assert ours.statistics_id == theirs.statistics_id
        assert ours.modalities == theirs.modalities
        assert ours.weights == theirs.weights
        assert ours.signature.startswith(f"kid|features:{features}|per_clip:25|")
        assert theirs.signature.partition("|")[2] in ours.signature
    assert len({make(name, features=f).signature for name in NAMES for f in ("fid", "fvd")}) == 8


def test_vectors_of_a_clip_are_spread_evenly() -> None:
    metric = KernelInceptionDistance("kid", KernelDistanceConfig(per_clip=3))
    long = {"features": np.arange(100, dtype=np.float32)[:, None]}
    assert metric._vectors([long], 3)[0].flatten().tolist() == [0, 50, 99]


@pytest.mark.parametrize("name", NAMES)
def test_too_few_clips_are_a_reason(name: str) -> None:
    with pytest.raises(Unmeasurable, match=f"{name} with 5 neighbours needs 6 clips on each side, got 5"):
        METRICS[name](name).reduce(clips(0, 5), clips(1, 9))
    with pytest.raises(Unmeasurable, match="KID needs two feature vectors"):
        KernelInceptionDistance().reduce(clips(0, 1), clips(1, 9))
