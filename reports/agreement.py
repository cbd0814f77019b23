"""Which metrics agree on the ranking of a run's generators, which are redundant, and which agree with people.

Kendall's tau-b over generators, dataset by dataset, and its mean over the datasets. Intervals are over clips: each
resample draws the clips of every dataset again, the same ones for all generators and metrics, and for people their
judgements. They say how sure the agreement is for these generators, not for others.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from reports.ranking import UNTRAINED, unranked
from reports.results import Cell, Results

Array = NDArray[np.float64]
Verdict = Literal["redundant", "agree", "disagree", "undecided", "no claim"]

PEOPLE = "people"
"""Stands among the metrics for the preferences of a file."""
FEWEST_GENERATORS = 3
FEWEST_FOR_REDUNDANT = 5
"""Of four generators two random rankings are equal once in 24 times."""
FEWEST_CLIPS = 5
REDUNDANT = 0.8
"""Tau whose interval lies above says the same of nine pairs of generators in ten."""
RESAMPLES = 2000
SEED = 0


@dataclass(frozen=True)
class Judgement:
    """What one person said of generators: numbers by generator, a higher one is better.

    Attributes:
        scores: a rating; or of a pair 1 for the preferred one and 0 for the other.
        dataset: the dataset that it is about; None for all.
    """

    scores: Mapping[str, float]
    dataset: str | None = None


@dataclass(frozen=True)
class Agreement:
    """How far two metrics, or a metric and people, rank the generators alike.

    Attributes:
        first, second: names; `PEOPLE` for the preferences.
        tau: Kendall's tau-b, the mean over `datasets`; None where it cannot be had.
        low, high: its 95 % interval; None where it cannot be had.
        generators, clips, datasets: how many it rests on: the fewest generators and clips of a dataset.
        verdict: "redundant" where the interval lies above `REDUNDANT`; "agree" and "disagree" where it leaves 0 out.
        reason: why there is no tau, or no interval.
    """

    first: str
    second: str
    tau: float | None = None
    low: float | None = None
    high: float | None = None
    generators: int = 0
    clips: int = 0
    datasets: int = 0
    verdict: Verdict = "no claim"
    reason: str = ""


@dataclass(frozen=True)
class _Ranking:
    """One metric on one dataset: the loss of each generator, on the whole and in each resample."""

    whole: dict[str, float]
    drawn: dict[str, Array] = field(default_factory=dict)
    clips: int = 0


def agreements(results: Results, judgements: Sequence[Judgement] = ()) -> tuple[Agreement, ...]:
    """Every pair of metrics and, where there are judgements, every metric with people, who come first."""
    names = [*([PEOPLE] if judgements else []), *results.study.metrics]
    rankings = {dataset: _rankings(results, dataset, judgements) for dataset in results.study.datasets}
    return tuple(
        _agreement(first, second, [(r[first], r[second]) for r in rankings.values() if first in r and second in r])
        for first, second in itertools.combinations(names, 2)
    )


def tau_b(first: Array, second: Array) -> float | None:
    """Kendall's tau-b of two lists of numbers; None where one of them is all ties."""
    upper = np.triu_indices(len(first), 1)
    one, other = (np.sign(np.subtract.outer(values, values))[upper] for values in (first, second))
    pairs = np.sqrt(float(np.square(one).sum()) * float(np.square(other).sum()))
    return float((one * other).sum() / pairs) if pairs else None


def _rankings(results: Results, dataset: str, judgements: Sequence[Judgement]) -> dict[str, _Ranking]:
    cells = [
        cell for cell in results.cells
        if cell.dataset == dataset and cell.generator not in results.study.bounds and cell.value is not None
    ]  # fmt: skip
    found = {}
    draws = _Draws(dataset)
    for metric in results.study.metrics:
        without = unranked(results, dataset, metric)
        ranked = [c for c in cells if c.metric == metric and without.get(c.generator, UNTRAINED) == UNTRAINED]
        if ranked:
            found[metric] = _ranking_by_metric(ranked, draws)
    about = [judgement for judgement in judgements if judgement.dataset in (None, dataset)]
    if about:
        found[PEOPLE] = _ranking_by_people(about, draws)
    return found


class _Draws:
    """Resamples of the clips of a dataset, the same whoever asks."""

    def __init__(self, dataset: str) -> None:
        self._seed = [SEED, *dataset.encode()]

    def weights(self, count: int) -> Array:
        """How much each of `count` things weighs in each resample, [RESAMPLES, count]; a row sums to 1."""
        generator = np.random.default_rng(self._seed)
        drawn = generator.integers(count, size=(RESAMPLES, count)) + count * np.arange(RESAMPLES)[:, None]
        return np.bincount(drawn.ravel(), minlength=RESAMPLES * count).reshape(RESAMPLES, count) / count


def _ranking_by_metric(cells: Sequence[Cell], draws: _Draws) -> _Ranking:
    sign = 1.0 if cells[0].direction == "lower" else -1.0
    whole = {cell.generator: sign * (cell.value or 0.0) for cell in cells}
    keys = sorted(set.intersection(*(set(cell.by_clip) for cell in cells)))
    if len(keys) < FEWEST_CLIPS:
        return _Ranking(whole, clips=len(keys))
    weights = draws.weights(len(keys))
    drawn = {cell.generator: sign * weights @ np.array([cell.by_clip[key] for key in keys]) for cell in cells}
    return _Ranking(whole, drawn, len(keys))


def _ranking_by_people(judgements: Sequence[Judgement], draws: _Draws) -> _Ranking:
    """Each generator's loss is its mean score, with the sign turned."""
    labels = sorted({label for judgement in judgements for label in judgement.scores})
    told = np.array([[judgement.scores.get(label, np.nan) for label in labels] for judgement in judgements])
    known, said = ~np.isnan(told), np.nan_to_num(told)
    whole = dict(zip(labels, (-said.sum(axis=0) / known.sum(axis=0)).tolist(), strict=True))
    if len(judgements) < FEWEST_CLIPS:
        return _Ranking(whole, clips=len(judgements))
    weights = draws.weights(len(judgements))
    counts = weights @ known
    means = np.divide(weights @ said, counts, out=np.broadcast_to([-whole[x] for x in labels], counts.shape).copy(),
                      where=counts > 0)  # fmt: skip
    return _Ranking(whole, {label: -means[:, i] for i, label in enumerate(labels)}, len(judgements))


def _agreement(first: str, second: str, pairs: Sequence[tuple[_Ranking, _Ranking]]) -> Agreement:
    taus, spread, generators, clips = [], [], [], []
    for one, other in pairs:
        labels = sorted(one.whole.keys() & other.whole.keys())
        if len(labels) < FEWEST_GENERATORS:
            continue
        tau = tau_b(*(np.array([side.whole[label] for label in labels]) for side in (one, other)))
        if tau is None:
            continue
        taus.append(tau)
        generators.append(len(labels))
        clips.append(min(one.clips, other.clips))
        if one.drawn and other.drawn:
            spread.append(_taus(*(np.array([side.drawn[label] for label in labels]).T for side in (one, other))))
    if not taus:
        reason = f"no dataset has {FEWEST_GENERATORS} generators that both rank, and not all alike"
        return Agreement(first, second, reason=reason)
    mean, fewest = float(np.mean(taus)), min(generators)
    found = Agreement(first, second, mean, generators=fewest, clips=min(clips), datasets=len(taus))
    if len(spread) < len(taus):
        few = f"no interval: scores clip by clip are there for {min(clips)} clips, {FEWEST_CLIPS} are needed"
        return replace(found, reason=few)
    low, high = np.quantile(np.mean(spread, axis=0), [0.025, 0.975]).tolist()
    return replace(found, low=low, high=high, verdict=_verdict(low, high, fewest))


def _verdict(low: float, high: float, generators: int) -> Verdict:
    if low >= REDUNDANT and generators >= FEWEST_FOR_REDUNDANT:
        return "redundant"
    if low > 0:
        return "agree"
    return "disagree" if high < 0 else "undecided"


def _taus(first: Array, second: Array) -> Array:
    """Tau-b of each row of [RESAMPLES, generators]; 0 where a row is all ties."""
    one, other = (rankdata(values, axis=1) for values in (first, second))
    upper = np.triu_indices(first.shape[1], 1)
    signs = [np.sign(ranks[:, upper[0]] - ranks[:, upper[1]]) for ranks in (one, other)]
    pairs = np.sqrt(np.square(signs[0]).sum(axis=1) * np.square(signs[1]).sum(axis=1))
    return np.asarray(np.divide((signs[0] * signs[1]).sum(axis=1), pairs, out=np.zeros(len(pairs)), where=pairs > 0))
