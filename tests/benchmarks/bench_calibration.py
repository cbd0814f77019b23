"""How often the 95 % intervals cover: `python tests/benchmarks/bench_calibration.py [repetitions]` prints a table.

`docs/calibration.md` holds the table and what it means.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import scipy.stats
import torch
from numpy.typing import NDArray

from metrics.base.intervals import around, mean_interval
from metrics.frechet.distance import Gaussian
from metrics.frechet.influence import influence

Array = NDArray[np.float64]
Interval = tuple[float, float]


def paired(draw: Callable[[np.random.Generator, int], Array], truth: float, n: int, repetitions: int) -> list[float]:
    """Coverage of the mean by the studentised bootstrap, by Student's t and by plain bootstrap percentiles."""
    hits = np.zeros(3)
    for seed in range(repetitions):
        generator = np.random.default_rng(seed)
        values = draw(generator, n)
        interval = mean_interval(values)
        assert interval is not None
        error = scipy.stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
        resampled = values[generator.integers(n, size=(2000, n))].mean(axis=1)
        percentiles = np.quantile(resampled, [0.025, 0.975])
        for i, (low, high) in enumerate((interval, (values.mean() - error, values.mean() + error), percentiles)):
            hits[i] += low <= truth <= high
    return [float(hit) for hit in hits / repetitions]


def frechet(d: int, clips: int, k: int, scale: float, shift: float, repetitions: int) -> list[float]:
    """Coverage of the mean score of sets of this size, the mean width of the interval, and what it should be."""
    spread = np.logspace(0, -1.5, d)
    values, errors = [], []
    for seed in range(repetitions):
        generator = np.random.default_rng(seed)
        sides = []
        for factor, offset in ((1.0, 0.0), (scale, shift)):
            # Half of the variance is the clip's own and half its windows': windows of a clip resemble each other.
            noise = generator.normal(size=(clips, 1, d)) + generator.normal(size=(clips, k, d))
            sides.append(list(torch.from_numpy((noise * factor / 2**0.5 + offset) * spread)))
        fitted = [Gaussian.fitted(side, ddof=1) for side in sides]
        found = influence(*fitted, *sides)
        values.append(found.distance)
        errors.append(found.standard_error)
    truth = float(np.mean(values))
    covered = np.mean([low <= truth <= high for low, high in map(around, values, errors)])
    return [truth, float(np.std(values)), float(np.mean(errors)), float(covered)]


def main() -> None:
    torch.set_num_threads(1)
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"Each row: {repetitions} repetitions.\n")
    print("| paired scores | n | studentised (ours) | Student's t | percentiles |\n|---|---|---|---|---|")
    shapes: dict[str, tuple[Callable[[np.random.Generator, int], Array], float]] = {
        "normal": (lambda g, n: g.normal(size=n), 0.0),
        "lognormal, sigma 0.5 (skewness 1.8)": (lambda g, n: g.lognormal(sigma=0.5, size=n), float(np.exp(0.125))),
        "exponential (skewness 2)": (lambda g, n: g.exponential(size=n), 1.0),
        "lognormal, sigma 1 (skewness 6.2)": (lambda g, n: g.lognormal(sigma=1.0, size=n), float(np.exp(0.5))),
    }
    for name, (draw, truth) in shapes.items():
        for n in (20, 50):
            ours, student, percentiles = paired(draw, truth, n, repetitions)
            print(f"| {name} | {n} | {ours:.1%} | {student:.1%} | {percentiles:.1%} |", flush=True)
    print("\n| sets | d | clips x windows | mean score | its deviation | mean standard error | covered |")
    print("|---|---|---|---|---|---|---|")
    for name, scale, shift in (("shifted", 1.0, 0.5), ("wider and shifted", 1.3, 0.5), ("equal", 1.0, 0.0)):
        for d, clips, k in ((8, 100, 4), (32, 50, 4), (32, 200, 4), (128, 100, 4), (400, 50, 2)):
            mean, deviation, error, covered = frechet(d, clips, k, scale, shift, repetitions)
            print(
                f"| {name} | {d} | {clips} x {k} | {mean:.3f} | {deviation:.3f} | {error:.3f} | {covered:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
