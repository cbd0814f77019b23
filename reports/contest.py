"""Which checkpoint of a sweep is best by the study's rule, and how often it stays so when the clips are drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reports.ranking import UNTRAINED, comparable, unranked
from reports.results import Cell, Results

RESAMPLES = 10_000
FEWEST = 5
"""Below this many clips nothing is said of how sure a choice is."""
SEED = 0
ROUNDING = 1e-6
"""Means that differ by less than this share of the largest score are equal: float32 differs as much by machine."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contest:
    """The checkpoints of one sweep under the study's rule.

    Attributes:
        sentence: what came of it, for people.
        best: label of the best; None where no best can be named.
        shares: by label, the share of resamples in which a checkpoint is best; empty where nothing can be said.
    """

    sentence: str
    best: str | None = None
    shares: Mapping[str, float] = field(default_factory=dict)


def families(results: Results) -> dict[str, list[str]]:
    """The labels of each sweep's generators, in the order of their steps."""
    sweep = results.study.sweep
    found: dict[str, list[str]] = {}
    for label in sorted(sweep, key=lambda label: (sweep[label].step, label)):
        found.setdefault(sweep[label].family, []).append(label)
    return dict(sorted(found.items()))


def judged(results: Results) -> tuple[str, ...]:
    """The datasets that the study's rule looks at."""
    best = results.study.best
    if best is None:
        return ()
    return results.study.datasets if best.dataset is None else (best.dataset,)


def contest(results: Results, family: str) -> Contest | None:
    """The best checkpoint of a sweep, with its confidence; None where the study states no rule.

    Checkpoints are compared on the clips that all of them have a score for. In a resample each dataset's clips are
    drawn with replacement, the same ones for every checkpoint, so that what is hard for all of them does not count.
    """
    rule, sweep = results.study.best, results.study.sweep
    if rule is None:
        return None
    datasets, labels = judged(results), families(results)[family]
    scored = {cell.place: cell for cell in results.cells if cell.value is not None}
    ranked = [label for label in labels if all((dataset, label, rule.metric) in scored for dataset in datasets)]
    absent = [str(sweep[label].step) for label in labels if label not in ranked]
    left_out = f" Without a score, and left out: {', '.join(absent)}." if absent else ""
    barred = [{x for x, why in unranked(results, d, rule.metric).items() if why != UNTRAINED} for d in datasets]
    if out := [label for label in ranked if any(label in each for each in barred)]:
        left_out += f" Not above chance, and left out: {', '.join(str(sweep[label].step) for label in out)}."
        ranked = [label for label in ranked if label not in out]
    by = f"by {rule.metric} {'on' if len(datasets) == 1 else 'as the mean over'} {', '.join(datasets)}"
    if len(ranked) < 2:
        return Contest(f"No best step {by}: fewer than two checkpoints have a score.{left_out}")
    rows = [[scored[dataset, label, rule.metric] for label in ranked] for dataset in datasets]
    if not all(map(comparable, rows)):
        return Contest(f"No best step {by}: the signatures differ between the checkpoints.{left_out}")
    sign = (1.0 if rows[0][0].direction == "lower" else -1.0) / _largest(rows)
    samples = [sign * _common(row) for row in rows]
    clips = [len(sample) for sample in samples]
    losses = [s.mean(axis=0) for s in samples] if all(clips) else [sign * np.array([c.value for c in r]) for r in rows]
    best = ranked[int(np.argmax(_least(np.mean(losses, axis=0))))]  # the first of equals
    said = f"Best step {by}: {sweep[best].step}"
    if min(clips) < FEWEST:
        few = f"scores clip by clip, from every checkpoint, are there for {min(clips)} clips, fewer than {FEWEST}"
        return Contest(f"{said}. How sure that is cannot be said: {few}.{left_out}", best)
    shares = dict(zip(ranked, map(float, shares_of_best(samples)), strict=True))
    drawn = f"{RESAMPLES:,} resamples of the {sum(clips)} clips that every checkpoint has a score for"
    return Contest(f"{said}. It stays best in {percent(shares[best])} of {drawn}.{left_out}", best, shares)


def shares_of_best(samples: Sequence[Array]) -> Array:
    """The share of resamples in which each column has the least mean; equals divide theirs.

    Args:
        samples: for each dataset one number for each clip and checkpoint, float64 [clips, checkpoints], lower is
            better; datasets weigh the same.
    """
    generator = np.random.default_rng(SEED)
    checkpoints = samples[0].shape[1]
    won = np.zeros(checkpoints)
    rows = max(1, 2**21 // max(checkpoints, *map(len, samples)))  # of a block, so that memory does not grow
    for start in range(0, RESAMPLES, rows):
        size = min(rows, RESAMPLES - start)
        means = np.sum([_drawn(len(sample), size, generator) @ sample for sample in samples], axis=0)
        best = _least(means)
        won += (best / best.sum(axis=1, keepdims=True)).sum(axis=0)
    return won / RESAMPLES


def percent(share: float) -> str:
    """A share that says 0 % and 100 % only where it is so."""
    rounded = round(100 * share)
    if rounded in (0, 100) and share not in (0, 1):
        return "<1 %" if rounded == 0 else ">99 %"
    return f"{rounded} %"


def _drawn(clips: int, size: int, generator: np.random.Generator) -> Array:
    """How much each clip weighs in each resample, [size, clips]; a row sums to 1."""
    drawn = generator.integers(clips, size=(size, clips)) + clips * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * clips).reshape(size, clips) / clips


def _common(row: Sequence[Cell]) -> Array:
    """The numbers of the clips that every cell has one for, [clips, cells]."""
    keys = sorted(set.intersection(*(set(cell.by_clip) for cell in row)))
    return np.array([[cell.by_clip[key] for cell in row] for key in keys]).reshape(len(keys), len(row))


def _largest(rows: Sequence[Sequence[Cell]]) -> float:
    """The largest number of the cells, so that no sum is too large for a float."""
    numbers = (number for row in rows for cell in row for number in (cell.value, *cell.by_clip.values()))
    return max((abs(number) for number in numbers if number), default=1.0)


def _least(means: Array) -> NDArray[np.bool_]:
    """Which are the least of their row, but for rounding."""
    return np.asarray(means <= means.min(axis=-1, keepdims=True) + ROUNDING * np.abs(means).max(axis=-1, keepdims=True))
