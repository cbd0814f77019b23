"""Frechet distance beside SciPy's matrix square root: `python tests/benchmarks/bench_frechet.py` prints ratios.

Both run in one process, several times, and the least processor time of each counts, which a busy machine changes less
than the time on the wall. Where the covariances are full rank both start from them, too.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray

from metrics.frechet.distance import frechet_distance, frechet_distance_from_moments

Array = NDArray[np.float64]


def by_sqrtm(mean_1: Array, covariance_1: Array, mean_2: Array, covariance_2: Array) -> float:
    root = scipy.linalg.sqrtm(covariance_1 @ covariance_2)
    return float(np.sum((mean_1 - mean_2) ** 2) + np.trace(covariance_1 + covariance_2) - 2 * np.trace(root).real)


def by_sqrtm_from_features(x: Array, y: Array) -> float:
    return by_sqrtm(*moments(x, y))


def moments(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    return x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T)


def least(function: Callable[[], float], runs: int) -> tuple[float, float]:
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        value = function()
        seconds.append(time.process_time() - start)
    return min(seconds), value


def main() -> None:
    warnings.simplefilter("ignore")
    print(f"{torch.get_num_threads()} threads, processor seconds\n")
    print("| d | n | from | sqrtm | ours | ratio | difference |\n|---|---|---|---|---|---|---|")
    for d, n in ((2048, 5000), (2048, 200), (1024, 200), (400, 2048), (400, 128), (128, 2000)):
        generator = np.random.default_rng(0)
        spread = np.logspace(0, -2, d)
        x, y = (generator.normal(size=(n, d)) * spread * scale for scale in (1.0, 1.2))
        report(d, n, "features", partial(by_sqrtm_from_features, x, y), partial(frechet_distance, x, y))
        if n >= d:
            given = moments(x, y)
            report(d, n, "covariances", partial(by_sqrtm, *given), partial(frechet_distance_from_moments, *given))


def report(d: int, n: int, start: str, theirs: Callable[[], float], ours: Callable[[], float]) -> None:
    slow, expected = least(theirs, 2)
    quick, value = least(ours, 5)
    difference = abs(value / expected - 1)
    print(f"| {d} | {n} | {start} | {slow:.3f} | {quick:.4f} | {slow / quick:.1f} | {difference:.1e} |", flush=True)


if __name__ == "__main__":
    main()
