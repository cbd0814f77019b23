"""From pairs of sides to a comparison: common clips, paired differences, one correction, verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.comparing.changes import changed_most
from bench.comparing.compatibility import Common, in_common
from bench.comparing.pairing import Compared, NoSample, Sample, notes_on, only_one_failed, paired
from bench.comparing.sides import Side
from bench.comparing.verdicts import judged
from bench.errors import shown
from metrics.base.comparison import LEVEL, mean_difference, paired_difference
from reports.comparison import Comparison, Contender, Pair
from reports.ranking import silence
from reports.results import Cell, Metric


def compare(pairs: Sequence[tuple[Side, Side]], partly: bool = False) -> Comparison:
    """Compare the second side of each pair with the first, metric by metric, on the same prompts.

    Args:
        pairs: see `bench.comparing.sides`.
        partly: whether what both sides have may be a part of what there is.

    Raises:
        UserMistake: sides that cannot be compared, see `bench.comparing.compatibility`.
    """
    common = [in_common(*sides, partly=partly) for sides in pairs]
    found = [_compared(sides, shared) for sides, shared in zip(pairs, common, strict=True)]
    metrics: dict[str, Metric] = {}
    for first, _ in pairs:
        metrics |= first.results.study.metrics
    flat = [(sides[1], each) for sides, rows in zip(pairs, found, strict=True) for each in rows]
    rows = iter(judged(flat, metrics))
    made = tuple(
        Pair(
            first=_contender(sides[0]),
            second=_contender(sides[1]),
            rows=tuple(next(rows) for _ in each),
            changed=changed_most(each, shared.clips),
            failures=_failures(sides, shared),
            left_out=shared.left_out,
        )
        for sides, shared, each in zip(pairs, common, found, strict=True)
    )
    used = {row.metric for pair in made for row in pair.rows}
    return Comparison(
        level=LEVEL,
        tested=sum(row.p_adjusted is not None for pair in made for row in pair.rows),
        metrics={name: metric for name, metric in metrics.items() if name in used},
        signatures={
            metric: cell.signature for each in common for (_, metric), (cell, _) in each.cells.items() if cell.signature
        },
        protocol=pairs[0][0].results.protocol,
        pairs=made,
    )


def _compared(sides: tuple[Side, Side], common: Common) -> list[Compared]:
    """Every dataset's metrics and, where there are several datasets, the means over them."""
    rows = [
        _one(sides, dataset, metric, cells, set(common.clips[dataset]))
        for (dataset, metric), cells in common.cells.items()
    ]
    metrics = dict.fromkeys(row.metric for row in rows)
    if len({row.dataset for row in rows}) > 1:
        rows += [_overall(metric, [row for row in rows if row.metric == metric]) for metric in metrics]
    return rows


def _one(sides: tuple[Side, Side], dataset: str, metric: str, cells: tuple[Cell, Cell], clips: set[str]) -> Compared:
    try:
        _require_rank(sides, dataset, metric)
        sample = paired(sides, cells, clips)
    except NoSample as reason:
        notes = tuple(notes_on(sides, cells, clips, 0))
        first, second = (cell.value for cell in cells)
        return Compared(dataset, metric, first=first, second=second, reason=str(reason), notes=notes)
    difference = paired_difference(sample.first, sample.second)
    notes = tuple(notes_on(sides, cells, clips, difference.n))
    return Compared(dataset, metric, sample, difference, *_means([sample]), notes=notes)


def _require_rank(sides: tuple[Side, Side], dataset: str, metric: str) -> None:
    """Raise `NoSample` where a side's own bounds show that the metric says nothing of it, see `reports.ranking`."""
    for side in sides:
        if reason := silence(side.results, dataset, metric, side.generator):
            raise NoSample(f"{shown(side.name, 80)} is {reason}")


def _overall(metric: str, rows: Sequence[Compared]) -> Compared:
    """The mean over the datasets that have two clips or more."""
    used = [row for row in rows if row.sample is not None and len(row.sample.keys) > 1]
    if len(used) < 2:
        return Compared(None, metric, reason=f"{len(used)} of {len(rows)} datasets can be compared")
    samples = [row.sample for row in used if row.sample is not None]
    difference = mean_difference([(sample.first, sample.second) for sample in samples])
    lacking = [shown(row.dataset, 80) for row in rows if row not in used]
    notes = (f"without {', '.join(lacking)}, which cannot be compared",) if lacking else ()
    return Compared(None, metric, None, difference, *_means(samples), notes=notes)


def _means(samples: Sequence[Sample]) -> tuple[float, float]:
    return (
        float(np.mean([sample.first.mean() for sample in samples])),
        float(np.mean([sample.second.mean() for sample in samples])),
    )


def _contender(side: Side) -> Contender:
    return Contender(name=side.name, run=str(side.folder), generator=side.generator)


def _failures(sides: tuple[Side, Side], common: Common) -> tuple[str, ...]:
    told = []
    for dataset, clips in common.clips.items():
        errors = {key: (first.error, second.error) for key, (first, second) in clips.items()}
        told += [f"{shown(dataset, 80)}: {sentence}" for sentence in only_one_failed(sides, errors)]
    return tuple(told)
