"""Frechet distance beside SciPy's matrix square root: `python tests/benchmarks/bench_frechet.py` prints ratios.

Both run in one process, several times, and the least processor time of each counts, which a busy machine changes less
than the time on the wall. With n >= d both start from the covariances; with n < d both start from the features.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray

from metrics.frechet import frechet_distance, frechet_distance_from_moments

Array = NDArray[np.float64]


def by_sqrtm(mean_1: Array, covariance_1: Array, mean_2: Array, covariance_2: Array) -> float:
    root = scipy.linalg.sqrtm(covariance_1 @ covariance_2)
    return float(np.sum((mean_1 - mean_2) ** 2) + np.trace(covariance_1 + covariance_2) - 2 * np.trace(root).real)


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
    print("| d | n | sqrtm | ours | ratio | difference |\n|---|---|---|---|---|---|")
    for d, n in ((2048, 5000), (2048, 200), (1024, 200), (400, 2048), (400, 128), (128, 2000)):
        generator = np.random.default_rng(0)
        spread = np.logspace(0, -2, d)
        x, y = (generator.normal(size=(n, d)) * spread * scale for scale in (1.0, 1.2))
        given = moments(x, y)
        if n >= d:
            slow, expected = least(lambda given=given: by_sqrtm(*given), 2)
            quick, value = least(lambda given=given: frechet_distance_from_moments(*given), 5)
        else:
            slow, expected = least(lambda x=x, y=y: by_sqrtm(*moments(x, y)), 2)
            quick, value = least(lambda x=x, y=y: frechet_distance(x, y), 5)
        difference = abs(value / expected - 1)
        print(f"| {d} | {n} | {slow:.3f} | {quick:.4f} | {slow / quick:.0f} | {difference:.1e} |", flush=True)


if __name__ == "__main__":
    main()
