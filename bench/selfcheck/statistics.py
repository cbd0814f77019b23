"""Stage `statistics`: from features, cepstra and pair values of many clips to distances, means and intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from bench.selfcheck import inputs
from bench.selfcheck.check import FLOAT64, Check, is_a
from metrics.audio.dtw import exact_dtw, fast_dtw_path
from metrics.audio.mcd import CONVENTIONS as MCD
from metrics.audio.mcd import MelCepstralDistortion, MelCepstralDistortionConfig, distortion
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility
from metrics.base.metric import ClipMetric, PairedMetric, Statistics
from metrics.base.score import Score
from metrics.frechet.distance import Gaussian, frechet_distance
from metrics.frechet.metric import FrechetMetric
from metrics.frechet.moments import Moments
from metrics.motion.compat import PackageFrechetVideoMotionDistance
from metrics.sets.metric import KernelInceptionDistance, SetOverlap
from metrics.video.fid import FIDConfig, FrechetInceptionDistance


def _distance(vectors: int, dimension: int, ddof: int, device: str) -> NDArray[np.float64]:
    first, second = (torch.from_numpy(inputs.vectors(seed, vectors, dimension)).to(device) for seed in (31, 32))
    return np.array([frechet_distance(first, 1.5 * second, ddof)])


def _running(device: str) -> NDArray[np.float64]:
    """The distance from moments that were gathered clip by clip."""
    sets = ((51, 52, 53), (54, 55))
    moments = [Moments.of_chunks((inputs.vectors(seed, 30, 24) for seed in seeds), rows=40) for seeds in sets]
    first, second = (Gaussian.given(each.mean.to(device), each.covariance().to(device)) for each in moments)
    return np.array([first.distance(second)])


def _sets(dimension: int) -> list[dict[str, Statistics]]:
    """Features of ten and of twelve clips."""
    return [
        {f"{number:02}": {"features": inputs.vectors(seed + number, 9, dimension)} for number in range(clips)}
        for seed, clips in ((40, 10), (60, 12))
    ]


def _estimated(device: str) -> NDArray[np.float64]:
    """A distance with its interval and what is said beside it."""
    metric = FrechetInceptionDistance("fid-64", FIDConfig(width=64)).to(device)
    return _numbers(metric.score(*_sets(64)))


def _overlapping(name: str, device: str) -> NDArray[np.float64]:
    """A comparison of sets that is no distance, with its interval."""
    metric = KernelInceptionDistance() if name == "kid" else SetOverlap(name)
    return _numbers(metric.to(device).score(*_sets(2048)))


def _mean(device: str) -> NDArray[np.float64]:
    values = 6 + 4 * inputs.uniform(33, 15) ** 2
    return _numbers(MelCepstralDistortion().score({f"{n:02}": {"value": np.array(v)} for n, v in enumerate(values)}))


def _numbers(score: Score) -> NDArray[np.float64]:
    numbers = [score.value, score.low, score.high, *(score.details[name] for name in sorted(score.details))]
    return np.array([number for number in numbers if number is not None])


def _cepstra(seed: int, frames: int) -> Statistics:
    """Made-up mel-cepstra that change slowly, a third of the frames 60 dB softer."""
    steps = inputs.uniform(seed, frames, 14)
    levels = np.where(np.arange(frames) % 9 < 6, -20.0, -80.0)
    return {"mel_cepstrum": np.cumsum(steps, axis=0) / 4, "level": levels, "sample_rate": np.array(16000)}


def _distorted(config: MelCepstralDistortionConfig, device: str) -> NDArray[np.float64]:
    return np.array([distortion(_cepstra(34, 70), _cepstra(35, frames), config) for frames in (60, 90)])


def _aligned(device: str) -> NDArray[np.float64]:
    """Lengths and cells of least paths, and the cells of an approximate one."""
    x, y = _cepstra(36, 80)["mel_cepstrum"], _cepstra(37, 95)["mel_cepstrum"]
    rows, columns = fast_dtw_path(x, y, radius=2)
    return np.concatenate([np.array(exact_dtw(x, y)), np.array(exact_dtw(x, y, np.arange(80) % 3 > 0)), rows, columns])


def _motion(device: str) -> NDArray[np.float64]:
    """`fvmd-compat` of two sets of histograms, rounded as histograms are."""
    metric = PackageFrechetVideoMotionDistance().to(device)
    sets = [[{"features": np.abs(np.rint(inputs.vectors(seed, 6 * 1536, 1).reshape(6, 3, 512) * 8) / 8)}]
            for seed in (38, 39)]  # fmt: skip
    return np.array([metric.reduce(*sets)])


def _called(name: str) -> Callable[[ClipMetric], bool]:
    return lambda metric: metric.name == name


def _aligns(metric: ClipMetric) -> bool:
    return getattr(metric.config, "alignment", "none") in ("dtw", "fastdtw")


_COUNTS = ("alignment", "energy", "length_penalty", "floor_db")
"""What of a configuration decides how cepstra are compared."""
_SIZES = (("fewer vectors than dimensions", 40, 200), ("more", 300, 48), ("many dimensions", 900, 520))
_OVERLAPS = {
    "kid": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}

CHECKS = (
    *(
        Check("statistics", f"Frechet distance, {title}, ddof {ddof}", FLOAT64,
              partial(_distance, vectors, dimension, ddof),
              is_a(FrechetMetric, ddof=ddof))
        for title, vectors, dimension in _SIZES
        for ddof in (1, 0)
    ),
    Check("statistics", "Frechet distance, running moments", FLOAT64, _running, is_a(FrechetMetric)),
    Check("statistics", "Frechet distance, interval", FLOAT64, _estimated, is_a(FrechetMetric)),
    *(
        Check("statistics", title, FLOAT64, partial(_overlapping, name),
              _called(name))
        for name, title in _OVERLAPS.items()
    ),
    Check("statistics", "FVMD as the package reduces it", FLOAT64, _motion,
          is_a(PackageFrechetVideoMotionDistance)),
    Check("statistics", "mean of pairs", FLOAT64, _mean, is_a(PairedMetric)),
    Check("statistics", "alignment", FLOAT64, _aligned,
          lambda metric: isinstance(metric, MelCepstralDistortion | ShortTimeObjectiveIntelligibility)
          and _aligns(metric)),
    *(
        Check("statistics", f"distortion, {name}", FLOAT64, partial(_distorted, config),
              is_a(MelCepstralDistortion, **{name: getattr(config, name) for name in _COUNTS}))
        for name, config in MCD.items() if config.alignment != "none"
    ),
)  # fmt: skip
