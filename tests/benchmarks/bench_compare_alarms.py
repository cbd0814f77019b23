"""How often `compare` errs, what it sees: `python tests/benchmarks/bench_compare_alarms.py [repetitions [table ...]]`.

Prints the tables of `docs/compare.md`: false alarms of whole compares of equals, false alarms where clips failed on one
side, and the rate at which planted degradations are found.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from bench.comparing.compare import compare
from bench.comparing.sides import Side
from metrics.base.comparison import LEVEL, paired_difference
from metrics.base.metric import ClipObserver, Estimate, Statistics
from metrics.base.score import Score
from metrics.base.signature import reduction_field
from metrics.frechet.distance import Gaussian
from metrics.frechet.influence import influence
from metrics.frechet.metric import FrechetMetric
from reports.results import Cell, Clip, Metric, Results, Study

Array = NDArray[np.float64]
DATASETS = ("one", "two")
PAIRS, SETS = ("mcd", "stoi"), {"fid": (32, 4), "fvd": (400, 1)}
"""Metrics of pairs, and of sets their dimensions and vectors a clip: the latter has fewer vectors than dimensions."""
ALARM_COUNTS = (10, 20, 40)
OTHER_SIZES = (
    (16, 100, 4), (64, 40, 4), (64, 40, 1), (256, 10, 4), (256, 20, 2), (256, 40, 4), (400, 40, 1), (512, 40, 10),
)  # fmt: skip
SIZES, COUNTS = (0.125, 0.25, 0.5, 1.0, 2.0), (10, 20, 40, 80)


@dataclass(frozen=True)
class Config:
    """Of a distance of features that are given."""

    ddof: int = reduction_field(1)


class Distance(FrechetMetric):
    """A Frechet distance of features that are given, and of its details the bias-corrected value only if that is asked.

    That value takes most of the time, and only clips that failed need it.
    """

    name, title = "distance", "Distance"
    modalities: ClassVar = frozenset({"video"})
    config = Config()

    def __init__(self, dimension: int, corrected: bool) -> None:
        self._dimension, self._corrected = dimension, corrected
        super().__init__()

    @property
    def dimension(self) -> int:
        return self._dimension

    def observe(self) -> ClipObserver:
        raise NotImplementedError

    def estimate(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> Estimate:
        if self._corrected:
            return super().estimate(reference, generated)
        clips = [[self.vectors(clip) for clip in side] for side in (reference, generated)]
        found = influence(*(Gaussian.fitted(side, self.config.ddof) for side in clips), *clips)
        return Estimate(found.distance, None, influences=(found.first, found.second))


def features(generator: np.random.Generator, own: Array, k: int, shift: float, share: float) -> dict[str, Statistics]:
    """Features of clips: a share of each clip's own variance is its prompt's, half of all is its windows'.

    Args:
        own: what the prompts make of the clips, [n, 1, d].
    """
    n, _, d = own.shape
    clips = share**0.5 * own + (1 - share) ** 0.5 * generator.normal(size=(n, 1, d))
    drawn = (clips + generator.normal(size=(n, k, d))) / 2**0.5 + shift
    return {f"clip{i:03}": {"features": each} for i, each in enumerate(drawn * np.logspace(0, -1.5, d))}


def distances(seed: int, n: int, d: int, k: int, shifts: tuple[float, float], lost: int = 0) -> tuple[Score, Score]:
    """Two sets against one reference; the second is without its last clips."""
    generator = np.random.default_rng([seed, n, d, k])
    own = generator.normal(size=(n, 1, d))
    reference = features(generator, own, k, 0.0, 0.5)
    metric = Distance(d, corrected=lost > 0)
    scores = []
    for shift, kept in zip(shifts, (n, n - lost), strict=True):
        generated = features(generator, own, k, shift, 0.5)
        keys = sorted(reference)[:kept]
        scores.append(metric.score({key: reference[key] for key in keys}, {key: generated[key] for key in keys}))
    return scores[0], scores[1]


def pairs(seed: int, n: int, worse: float = 0.0) -> tuple[Array, Array]:
    """Skewed numbers by clip: what the prompt makes hard, and for each side what chance adds; differences deviate by 1.

    Args:
        worse: added to each number of the second.
    """
    generator = np.random.default_rng([seed, n])
    prompts = 3 * generator.lognormal(sigma=0.5, size=n)
    sides = [generator.lognormal(sigma=0.5, size=n) / (0.604 * 2**0.5) for _ in range(2)]
    return prompts + sides[0], prompts + sides[1] + worse


def equals(seed: int, n: int) -> Counter[str]:
    """One compare of equals; verdicts by the kind of their rows."""
    cells: tuple[list[Cell], list[Cell]] = ([], [])
    for place, dataset in enumerate(DATASETS):
        for index, metric in enumerate((*PAIRS, *SETS)):
            key = 1000 * seed + 10 * place + index
            if metric in SETS:
                scores = distances(key, n, *SETS[metric], shifts=(0.3, 0.3))
                fields = [asdict(score) for score in scores]
            else:
                fields = [_mean(values) for values in pairs(key, n)]
            for side, known in zip(cells, fields, strict=True):
                side.append(Cell(dataset=dataset, generator="mine", metric=metric, **known))
    found = compare([(_side("first", cells[0], n), _side("second", cells[1], n))])
    verdicts = [row for pair in found.pairs for row in pair.rows]
    claims = [row for row in verdicts if row.verdict in ("better", "worse")]
    alone = [r for r in verdicts if r.p_value is not None and r.p_value <= LEVEL]
    kinds = Counter({"compares": bool(claims), "rows": len(claims), "of": len(verdicts)})
    kinds.update(("sets" if r.metric in SETS else "pairs") + (" overall" if r.dataset is None else "") for r in alone)
    return kinds


def _mean(values: Array) -> dict[str, Any]:
    by_clip = {f"clip{i:03}": float(value) for i, value in enumerate(values)}
    return {"value": float(values.mean()), "missing": None, "n": len(values), "direction": "lower", "unit": "",
            "signature": "pairs", "by_clip": by_clip}  # fmt: skip


def _side(name: str, cells: list[Cell], n: int) -> Side:
    metrics = {metric: Metric(title=metric.upper(), direction="lower") for metric in (*PAIRS, *SETS)}
    study = Study(name=name, seed=0, datasets=DATASETS, generators=("mine",), metrics=metrics)
    same = {"generator": "mine", "file": None, "reference": None, "text": "", "text_source": "", "voice_source": ""}
    clips = tuple(
        Clip(dataset=dataset, key=f"clip{i:03}", prompt=f"{i}", reference_identity=f"{i}", **same)
        for dataset in DATASETS
        for i in range(n)
    )
    return Side(name, Path(name), Results(study=study, protocol={}, cells=tuple(cells), clips=clips), "mine")


def false_alarms(repetitions: int) -> None:
    """Whole compares of equals on two datasets: how many claim anything, and how often single rows are below 0.05."""
    print("| n | compares that claim anything | rows that do | p <= 0.05 uncorrected: pairs | sets | all datasets |")
    print("|---|---|---|---|---|---|")
    for n in ALARM_COUNTS:
        total: Counter[str] = Counter()
        for seed in range(repetitions):
            total.update(equals(seed, n))
        claiming = f"{total['compares']} of {repetitions} ({total['compares'] / repetitions:.1%})"
        overall = total["pairs overall"] + total["sets overall"]
        shares = [f"{hits / repetitions / 4:.1%}" for hits in (total["pairs"], total["sets"], overall)]
        print(f"| {n} | {claiming} | {total['rows']} of {total['of']} | {' | '.join(shares)} |", flush=True)


def other_sizes(repetitions: int) -> None:
    """Distances of equals, a tenth wider than their reference, on other sizes: how they vary and what is said of it."""
    print("\n| dimensions | clips x vectors | deviation of the differences | mean standard error | p <= 0.05 |")
    print("|---|---|---|---|---|")
    for d, n, k in OTHER_SIZES:
        means, errors, hits = [], [], 0
        for seed in range(repetitions):
            generator = np.random.default_rng(seed)
            own, spread = generator.normal(size=(n, 1, d)), np.logspace(0, -1.5, d)
            sides = [(0.7 * own + 0.7 * generator.normal(size=(n, 1, d)) + generator.normal(size=(n, k, d))) / 2**0.5]
            for _ in range(2):
                clips = 0.8**0.5 * own + 0.2**0.5 * generator.normal(size=(n, 1, d))
                sides.append(1.1 * (clips + generator.normal(size=(n, k, d))) / 2**0.5 + 0.5)
            reference, *generated = (
                {f"clip{i:03}": {"features": each} for i, each in enumerate(side * spread)} for side in sides
            )
            scores = [Distance(d, corrected=False).score(reference, side) for side in generated]
            found = paired_difference(*(np.array(list(score.by_clip.values())) for score in scores))
            assert found.standard_error is not None
            means.append(found.mean)
            errors.append(found.standard_error)
            hits += (found.p_value or 0.0) <= LEVEL
        told = f"{np.std(means):.3f} | {np.mean(errors):.3f} | {hits / repetitions:.1%}"
        print(f"| {d} | {n} x {k} | {told} |", flush=True)


def lost_clips(repetitions: int) -> None:
    """Distances of equals of which the second lacks clips: carried over to the common clips, and left as they are."""
    print("\n| distance | clips lost | carried over to the common clips | left as they are |\n|---|---|---|---|")
    for name, (d, k) in SETS.items():
        for lost in (1, 2, 4):
            hits = np.zeros(2)
            for seed in range(repetitions):
                first, second = distances(seed, 40, d, k, (0.3, 0.3), lost)
                keys = sorted(second.by_clip)
                ours, theirs = (np.array([score.by_clip[key] for key in keys]) for score in (first, second))
                assert first.value is not None
                moved = (first.value - first.details["bias_corrected"]) * (40 / (40 - lost) - 1)
                for place, sample in enumerate((ours + moved, ours)):
                    hits[place] += (paired_difference(sample, theirs).p_value or 0.0) <= LEVEL
            shares = hits / repetitions
            what = f"{name}-like, {d} dimensions, {k} a clip | {lost} of 40"
            print(f"| {what} | {shares[0]:.1%} | {shares[1]:.1%} |", flush=True)


def power(title: str, sizes: Mapping[str, Callable[[int, int], tuple[Array, Array]]], repetitions: int) -> None:
    """Rates at which a degradation is called one, as the only row and as one of 24."""
    print(f"\n| {title} | " + " | ".join(f"n = {n}" for n in COUNTS) + " |\n|---|" + "---|" * len(COUNTS))
    for name, drawn in sizes.items():
        entries = []
        for n in COUNTS:
            hits = np.zeros(2)
            for seed in range(repetitions):
                found = paired_difference(*drawn(seed, n))
                assert found.p_value is not None
                assert found.low is not None
                hits += [found.low > 0 and rows * found.p_value <= LEVEL for rows in (1, 24)]
            alone, among = hits / repetitions
            entries.append(f"{alone:.0%} / {among:.0%}")
        print(f"| {name} | " + " | ".join(entries) + " |", flush=True)


def planted_in_pairs(size: float) -> Callable[[int, int], tuple[Array, Array]]:
    return lambda seed, n: pairs(seed, n, size)


def planted_in_sets(metric: str, size: float) -> Callable[[int, int], tuple[Array, Array]]:
    def drawn(seed: int, n: int) -> tuple[Array, Array]:
        first, second = distances(seed, n, *SETS[metric], shifts=(0.3, 0.3 + 0.2 * size))
        return np.array(list(first.by_clip.values())), np.array(list(second.by_clip.values()))

    return drawn


def visible(repetitions: int) -> None:
    """How often a degradation of exactly the smallest visible size is found."""
    print("\n| n | as the only row: size, found | as one of 24: size, found |\n|---|---|---|")
    for n in COUNTS:
        rates = []
        for rows in (1, 24):
            sizes = [paired_difference(*pairs(seed, n)).visible(LEVEL / rows) for seed in range(repetitions)]
            if None in sizes:
                rates.append("none is visible")
                continue
            size = float(np.median(np.array(sizes, dtype=float)))
            found = [paired_difference(*pairs(repetitions + seed, n, size)) for seed in range(repetitions)]
            hits = [f.low is not None and f.low > 0 and rows * (f.p_value or 0.0) <= LEVEL for f in found]
            rates.append(f"{size:.2f}: {np.mean(hits):.0%}")
        print(f"| {n} | " + " | ".join(rates) + " |", flush=True)


def powers(repetitions: int) -> None:
    """Planted degradations of pairs and of both kinds of sets."""
    title = "worse by, in standard deviations of the clips' differences"
    power(title, {f"{size:g}": planted_in_pairs(size) for size in SIZES}, repetitions)
    for metric in SETS:
        sizes = {f"{0.2 * size:g}": planted_in_sets(metric, size) for size in SIZES[1:-1]}
        power(f"{metric}-like: features shifted by, beside 0.3", sizes, repetitions)


TABLES = {"alarms": false_alarms, "sizes": other_sizes, "lost": lost_clips, "power": powers, "visible": visible}


def main() -> None:
    torch.set_num_threads(1)
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"Each entry: {repetitions} repetitions.\n")
    for name in sys.argv[2:] or TABLES:
        TABLES[name](repetitions)


if __name__ == "__main__":
    main()
