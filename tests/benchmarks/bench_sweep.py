"""How far "stays best in 90 % of resamples" can be believed: sweeps of known truth, drawn again and again.

    python tests/benchmarks/bench_sweep.py

Scores of a clip are its difficulty, which all checkpoints share, plus the checkpoint's own level and noise. Prints how
often the checkpoint with the best mean is truly the best one, by the share that the report would print; and how often
checkpoints that are all alike give a share of 95 % or more.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reports.contest import shares_of_best

SWEEPS = 1000
BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)


def scores(levels: np.ndarray, clips: int, generator: np.random.Generator, skewed: bool) -> np.ndarray:
    noise = (
        generator.exponential(size=(clips, len(levels))) - 1 if skewed else generator.normal(size=(clips, len(levels)))
    )
    return 3 * generator.normal(size=(clips, 1)) + levels + noise


def believed(checkpoints: int, clips: int, skewed: bool) -> None:
    generator = np.random.default_rng(0)
    shares, right = [], []
    for _ in range(SWEEPS):
        levels = generator.normal(size=checkpoints) * 2 / np.sqrt(clips)  # of the size of what can be told apart
        sample = scores(levels, clips, generator, skewed)
        best = int(sample.mean(axis=0).argmin())
        shares.append(shares_of_best([sample])[best])
        right.append(best == levels.argmin())
    told, truth = np.array(shares), np.array(right)
    for low, high in pairwise(BINS):
        inside = (told >= low) & (told < high)
        if inside.sum() >= 20:
            rate = 100 * truth[inside].mean()
            print(f"  {100 * low:3.0f} % and more: {inside.sum():4d} sweeps, truly best in {rate:.0f} %")


def alike(checkpoints: int, clips: int, skewed: bool) -> float:
    generator = np.random.default_rng(1)
    samples = (scores(np.zeros(checkpoints), clips, generator, skewed) for _ in range(SWEEPS))
    return float(np.mean([shares_of_best([sample]).max() >= 0.95 for sample in samples]))


if __name__ == "__main__":
    for checkpoints in (2, 5):
        for clips in (10, 50):
            for skewed in (False, True):
                print(f"{checkpoints} checkpoints, {clips} clips, {'skewed' if skewed else 'normal'} noise")
                believed(checkpoints, clips, skewed)
                print(f"  all alike: 95 % and more in {100 * alike(checkpoints, clips, skewed):.1f} % of sweeps")
