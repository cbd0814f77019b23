"""Frechet distance beside SciPy's matrix square root: `python tests/benchmarks/bench_frechet.py` prints ratios.

Both run in one process on the same features, several times, and the fastest run of each counts.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import scipy.linalg

from metrics.frechet import frechet_distance


def by_sqrtm(x: np.ndarray, y: np.ndarray) -> float:
    s, t = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(s @ t)
    return float(np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s) + np.trace(t) - 2 * np.trace(root).real)


def fastest(function: Callable[[], float], runs: int) -> tuple[float, float]:
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        value = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), value


def main() -> None:
    warnings.simplefilter("ignore")
    print("| d | n | sqrtm s | ours s | ratio | difference |\n|---|---|---|---|---|---|")
    for d, n, runs in ((2048, 5000, 3), (2048, 200, 3), (400, 2048, 5), (400, 128, 5), (128, 2000, 5)):
        generator = np.random.default_rng(0)
        spread = np.logspace(0, -2, d)
        x, y = (generator.normal(size=(n, d)) * spread * scale for scale in (1.0, 1.2))
        slow, expected = fastest(lambda x=x, y=y: by_sqrtm(x, y), min(runs, 2))
        quick, value = fastest(lambda x=x, y=y: frechet_distance(x, y), runs)
        print(
            f"| {d} | {n} | {slow:.3f} | {quick:.4f} | {slow / quick:.0f} | {abs(value / expected - 1):.1e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
