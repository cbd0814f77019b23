"""What an ablation found: means over prompts and seeds, how far each variant lies from ETE, and the paper's claims.

A claim *holds* where the whole 95 % interval of the difference lies on the claimed side of zero, and *does not hold
here* where the whole interval lies below a margin: five hundredths of what lies between the bounds `ceiling` and
`chance`, too little to be called worse; zero where `chance` is not the worse of the two. Else it *cannot be said*, with
the reason; nor by a metric that needs clips aligned in time and says nothing of ETE itself (`reports.ranking.silence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.ablating.plan import REFERENCE, Trained
from metrics.base.crossed import crossed_interval
from metrics.base.intervals import FEWEST
from reports.numbers import significant
from reports.ranking import silence
from reports.results import BOUNDS, Cell, Metric, Record, Results

MARGIN = 0.05
"""Share of the distance between the bounds, below which a variant is not called worse."""

_UNMEASURED = "the study does not measure it"

Verdict = Literal["holds", "does not hold here", "cannot be said"]

CLAIMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "A shared encoder is worse than two explicit ones",
        "STE",
        ("fad-ge2e", "mcd", "stoi", "fid", "fvd", "fvmd-lk"),
    ),
    (
        "Without video tokens in the prompt, speech is less complete in time",
        "no-video-in-prompt",
        ("stoi", "mcd", "wer"),
    ),
    ("Without video tokens in the prompt, lips and speech are less synchronous", "no-video-in-prompt", ("mouth-sync",)),
    ("Without attention, lips and speech are less synchronous", "no-attention", ("mouth-sync",)),
)
"""What arXiv:2602.18618 and its supplement say of the variants, and the metrics that can show it. Of the others it
says nothing."""


class Mean(Record):
    """A variant, its difference from ETE, or a bound, by one metric: mean over seeds and prompts, 95 % interval.

    `prompts` are those of which every training has a number; `missing` says why there is no mean.
    """

    dataset: str
    variant: str
    metric: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int = 0
    prompts: int = 0
    missing: str | None = None


class Judged(Record):
    """A claim of the paper by one metric, and the numbers that decide it."""

    dataset: str
    claim: str
    variant: str
    metric: str
    verdict: Verdict
    evidence: str


class Findings(Record):
    """All that an ablation found; equal results give equal bytes."""

    name: str
    seeds: tuple[int, ...]
    metrics: dict[str, Metric]
    means: tuple[Mean, ...]
    differences: tuple[Mean, ...]
    claims: tuple[Judged, ...]
    notes: tuple[str, ...] = ()


def found(
    results: Results, trainings: Iterable[Trained], plugins: Mapping[str, str], seeds: tuple[int, ...]
) -> Findings:
    """What the results of the ablation's study say.

    Args:
        results: of all trainings and the bounds.
        trainings: whose generators are in the results, by their labels.
        plugins: the plug-in of each of the study's metrics, by label.
        seeds: of the plan.
    """
    by_variant: dict[str, list[str]] = {}
    for one in trainings:
        by_variant.setdefault(one.variant, []).append(one.label)
    cells = {cell.place: cell for cell in results.cells}
    study = results.study
    bounds = {name: label for name in BOUNDS if (label := study.bound(name, study.generators))}
    means, differences, claims = [], [], []
    for dataset in study.datasets:
        for metric in study.metrics:
            of = {
                variant: [cells.get((dataset, label, metric)) for label in labels]
                for variant, labels in by_variant.items()
            }
            for variant, own in of.items():
                means.append(_mean(dataset, variant, metric, own))
                if variant != REFERENCE:
                    differences.append(_mean(dataset, variant, metric, own, of[REFERENCE]))
            for bound, label in bounds.items():
                if (cell := cells.get((dataset, label, metric))) is not None:
                    means.append(_bound(bound, cell))
    compared = {(each.dataset, each.variant, plugins[each.metric]): each for each in differences}
    for dataset in study.datasets:
        for claim, variant, wanted in CLAIMS:
            for plugin in wanted if variant in by_variant else ():
                each = compared.get((dataset, variant, plugin))
                if each is None:
                    each = Mean(dataset=dataset, variant=variant, metric=plugin, missing=_UNMEASURED)
                margin = MARGIN * _between([cells.get((dataset, at, each.metric)) for at in bounds.values()])
                verdict, evidence = _judged(each, study.metrics.get(each.metric), margin)
                if reason := _nothing_said(results, dataset, each.metric, by_variant.get(REFERENCE, [])):
                    verdict, evidence = "cannot be said", reason
                claims.append(
                    Judged(
                        dataset=dataset, claim=claim, variant=variant, metric=each.metric, verdict=verdict,
                        evidence=evidence,
                    )
                )  # fmt: skip
    return Findings(
        name=study.name, seeds=seeds, metrics=study.metrics, means=tuple(means), differences=tuple(differences),
        claims=tuple(claims), notes=results.notes,
    )  # fmt: skip


def _mean(
    dataset: str, variant: str, metric: str, own: list[Cell | None], reference: list[Cell | None] | None = None
) -> Mean:
    """The mean of a variant, or of its difference from ETE prompt by prompt and seed by seed."""
    blank = Mean(dataset=dataset, variant=variant, metric=metric)
    taking_part = own + (reference or [])
    numbers = [cell.by_clip for cell in taking_part if cell is not None and cell.value is not None]
    if len(numbers) < len(taking_part):
        reasons = [cell.missing or "no value" for cell in taking_part if cell is not None and cell.value is None]
        return blank.model_copy(update={"missing": reasons[0] if reasons else "not measured"})
    keys = sorted(set.intersection(*(set(each) for each in numbers)))
    if not keys:
        return blank.model_copy(update={"missing": "no prompt has a number of every training"})
    values = _rows(numbers[: len(own)], keys)
    if reference is not None:
        values = values - _rows(numbers[len(own) :], keys)  # a variant trained once stands against each seed
    low, high = crossed_interval(values) or (None, None)
    found = {"mean": float(values.mean()), "low": low, "high": high, "seeds": len(values), "prompts": len(keys)}
    return blank.model_copy(update=found)


def _rows(numbers: list[dict[str, float]], keys: list[str]) -> NDArray[np.float64]:
    return np.array([[each[key] for key in keys] for each in numbers])


def _bound(name: str, cell: Cell) -> Mean:
    """A bound, which nothing was trained for, as the study has it."""
    return Mean(
        dataset=cell.dataset, variant=name, metric=cell.metric, mean=cell.value, low=cell.low, high=cell.high,
        prompts=cell.n, missing=cell.missing,
    )  # fmt: skip


def _between(bounds: list[Cell | None]) -> float:
    """How much worse chance is than the ceiling; 0 where it is not, or one is not there.

    By a distance between sets chance may be the better one: it can show the same people, and the ceiling other people.
    """
    costs = [
        cell.value if cell.direction == "lower" else -cell.value
        for cell in bounds
        if cell is not None and cell.value is not None
    ]
    return max(0.0, costs[1] - costs[0]) if len(costs) == 2 else 0.0


def _nothing_said(results: Results, dataset: str, metric: str, references: list[str]) -> str | None:
    """Why a metric that needs clips aligned in time says nothing of ETE, with which no variant can be compared then."""
    reasons = ((label, silence(results, dataset, metric, label)) for label in references)
    return next((f"{label} is {reason}" for label, reason in reasons if reason), None)


def _judged(each: Mean, metric: Metric | None, margin: float) -> tuple[Verdict, str]:
    """Whether the variant is worse than ETE."""
    if metric is None or each.mean is None:
        return "cannot be said", each.missing or _UNMEASURED
    if each.low is None or each.high is None:
        return "cannot be said", f"{each.prompts} prompts are too few; {FEWEST} are the least"
    worse = (each.low, each.high) if metric.direction == "lower" else (-each.high, -each.low)
    told = (
        f"{each.variant} − {REFERENCE}: {each.mean:+.3g} [{each.low:+.3g}, {each.high:+.3g}] {metric.unit}".rstrip()
        + f" ({each.prompts} prompts, {each.seeds} seeds)"
    )
    if worse[0] > 0:
        return "holds", told
    if worse[1] < margin:
        limit = f"less than {significant(margin)}, a twentieth of ceiling to chance" if worse[1] >= 0 else "better"
        return "does not hold here", f"{told}: {limit}"
    return "cannot be said", told
