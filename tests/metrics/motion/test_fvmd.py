"""The Frechet video motion distance as a metric."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.seeded_pips import seeded_tracks

from metrics.base.metric import Statistics, Unmeasurable
from metrics.motion import FrechetVideoMotionDistance, PackageFrechetVideoMotionDistance
from metrics.motion.compat import PackageConfig
from metrics.motion.histograms import motion_histograms
from metrics.motion.lucas_kanade import LucasKanade

GOLDEN = np.load(Path(__file__).parent / "golden" / "fvmd.npz")
Frames = NDArray[np.uint8]


def observed(metric: FrechetVideoMotionDistance, frames: Frames, chunk: int = 7) -> Statistics:
    observer = metric.observe()
    for start in range(0, len(frames), chunk):
        observer.frames(frames[start : start + chunk])
    return observer.finish()()


def histograms(seed: int, windows: int) -> list[Statistics]:
    return [{"features": np.stack([motion_histograms(tracks) for tracks in seeded_tracks(seed, windows)])}]


def noise(frames: int, seed: int = 0, side: int = 40) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (frames, side, side, 3), dtype=np.uint8)


def test_compat_is_the_packages_distance() -> None:
    metric = PackageFrechetVideoMotionDistance()
    first, second = histograms(0, 6), histograms(1, 9)
    assert metric.reduce(first, second) == pytest.approx(float(GOLDEN["distance"]), abs=1e-4)
    assert metric.reduce(first, first) == pytest.approx(float(GOLDEN["distance_to_itself"]), abs=1e-5)
    assert metric.reduce(first, second) == pytest.approx(metric.reduce(second, first), rel=1e-12)


def test_each_departure_of_the_package_shows() -> None:
    class WithAccelerations(PackageFrechetVideoMotionDistance):
        compared: ClassVar[list[int]] = [0, 1]

    first, second = histograms(0, 6), histograms(1, 9)
    package = PackageFrechetVideoMotionDistance().reduce(first, second)
    without_epsilon = PackageFrechetVideoMotionDistance(config=PackageConfig(epsilon=0.0)).reduce(first, second)
    assert 0.005 < without_epsilon - package < 0.5
    assert abs(WithAccelerations().reduce(first, second) / package - 1) > 0.01


def test_compat_as_torchmetrics_agrees_with_its_score() -> None:
    metric = PackageFrechetVideoMotionDistance(config=PackageConfig(LucasKanade()))
    first, second = noise(17, 0), noise(18, 1)
    for frames, real in ((first, True), (second, False)):
        metric.update(torch.from_numpy(frames[None]).permute(0, 1, 4, 2, 3), real=real)
    sides = [observed(metric, first)], [observed(metric, second)]
    assert metric.compute().item() == pytest.approx(metric.reduce(*sides), rel=1e-6)
    estimate = metric.estimate(*sides)
    assert (estimate.interval, estimate.details["generated_vectors"]) == (None, 3)


def test_names_share_tracks_but_not_signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pips2_weights.pth").write_bytes(b"weights")
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(tmp_path))
    canonical, compat, fast = (
        FrechetVideoMotionDistance(),
        PackageFrechetVideoMotionDistance(),
        FrechetVideoMotionDistance("fvmd-lk"),
    )
    assert canonical.statistics_id == compat.statistics_id != fast.statistics_id
    assert len({metric.signature for metric in (canonical, compat, fast)}) == 3
    assert [metric.name for metric in (canonical, compat, fast)] == ["fvmd", "fvmd-compat", "fvmd-lk"]


def test_statistics_do_not_depend_on_chunks() -> None:
    metric = FrechetVideoMotionDistance("fvmd-lk")
    frames = noise(19)
    whole = observed(metric, frames, chunk=19)["features"]
    assert whole.shape == (4, 3, 512)
    assert whole.dtype == np.float16
    assert np.array_equal(whole, observed(metric, frames, chunk=1)["features"])


def test_a_short_clip_is_unmeasurable() -> None:
    with pytest.raises(Unmeasurable, match="15 frames, fewer than the 16"):
        observed(FrechetVideoMotionDistance("fvmd-lk"), noise(15))


def test_torchmetrics_agrees_with_the_score_and_survives_pickling() -> None:
    real, generated = noise(34, 0).reshape(2, 17, 40, 40, 3), noise(34, 1).reshape(2, 17, 40, 40, 3)
    metric = FrechetVideoMotionDistance("fvmd-lk")
    sides = []
    for clips, is_real in ((real, True), (generated, False)):
        metric.update(torch.from_numpy(clips).permute(0, 1, 4, 2, 3), real=is_real)
        sides.append([observed(metric, clip) for clip in clips])
    copy = pickle.loads(pickle.dumps(metric))
    assert metric.compute().item() == pytest.approx(metric.reduce(*sides), rel=1e-6)
    assert copy.compute() == metric.compute()
    assert copy.signature == metric.signature
