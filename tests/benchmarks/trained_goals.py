"""What `bench_trained.py` asks of the trained generator, and whether a run's numbers meet it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import binomtest

from metrics.base.intervals import mean_interval
from reports.resolution import resolved
from reports.results import Cell, Results

FRAME = 1 / 25
"""Seconds."""
Direction = Literal["at most", "at least", "below chance"]


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval, of `n` clips, while `failed` ones have none; None where there is no number."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    failed: int = 0

    def __str__(self) -> str:
        if self.value is None:
            return "missing"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.3g}, {self.high:.3g}]"
        return f"{self.value:.3g}{interval}"


@dataclass(frozen=True)
class Goal:
    """A goal and what was found.

    Attributes:
        goal: in words, with its number.
        found: the generator's.
        beside: what stands beside it, by name: real clips, chance.
        verdict: `met` or `missed`, with `not resolved` where the interval reaches the other side; `not measured`.
    """

    goal: str
    found: Measured
    beside: Mapping[str, Measured]
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"goal": self.goal, **asdict(self.found), "beside": {k: asdict(v) for k, v in self.beside.items()}} | {
            "verdict": self.verdict
        }


def of_cell(cell: Cell) -> Measured:
    """A cell's own number."""
    return Measured(cell.value, cell.low, cell.high, cell.n, len(cell.failed))


def share(hits: Sequence[bool]) -> Measured:
    """The share of hits, with Wilson's interval: a bootstrap claims certainty where all are equal."""
    if not hits:
        return Measured(None, None, None, 0)
    found = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return Measured(sum(hits) / len(hits), float(found.low), float(found.high), len(hits))


def mean(values: Sequence[float]) -> Measured:
    """The mean of what is a number, with the studentised bootstrap's interval over clips."""
    kept = np.array([value for value in values if np.isfinite(value)])
    if not len(kept):
        return Measured(None, None, None, 0)
    low, high = mean_interval(kept) or (None, None)
    return Measured(float(kept.mean()), low, high, len(kept))


def judged(found: Measured, direction: Direction, bound: float) -> str:
    """Whether a number keeps to a bound, and whether its whole interval does."""
    if found.value is None:
        return "not measured"
    sign = 1.0 if direction == "at least" else -1.0
    met = sign * (found.value - bound) >= 0
    ends = [end for end in (found.low, found.high) if end is not None]
    told = bool(ends) and all((sign * (end - bound) >= 0) == met for end in ends)
    return ("met" if met else "missed") + ("" if told else ", not resolved")


def below(found: Cell, chance: Cell) -> str:
    """Whether a distance is below that of chance, and whether the data resolve the difference."""
    if found.value is None or chance.value is None:
        return "not measured"
    met = found.value < chance.value
    told = resolved(found, chance) if met else resolved(chance, found)
    return ("met" if met else "missed") + ("" if told else ", not resolved")


def goals(results: Results, dataset: str, nearest: Mapping[str, Measured]) -> list[Goal]:
    """The goals of the generator `narrator` on a dataset. A clip without a face or a mouth has missed its goal.

    Args:
        results: of the run, scores by clip among them.
        nearest: by generator, how often a clip's face is nearer to its own driving image than to any other's.
    """
    cells = {(cell.generator, cell.metric): cell for cell in results.cells if cell.dataset == dataset}

    def shift(generator: str) -> Measured:
        cell = cells[generator, "mouth-sync-lag"]
        return share([lag <= FRAME + 1e-6 for lag in cell.by_clip.values()] + [False] * len(cell.failed))

    words, spoken = (of_cell(cells[name, "wer"]) for name in ("narrator", "ceiling"))
    in_time, real_in_time = shift("narrator"), shift("ceiling")
    found = [
        Goal("word error rate at most 0.30", words, {"real clips": spoken}, judged(words, "at most", 0.30)),
        *(_against_chance(cells, metric) for metric in ("fid", "fvd")),
        Goal(
            "face nearest to its own driving image in at least 90 %",
            nearest["narrator"],
            {name: nearest[label] for name, label in (("real clips", "ceiling"), ("chance", "chance"))},
            judged(nearest["narrator"], "at least", 0.9),
        ),
        Goal(
            "mouth within one frame of the sound in at least 70 %",
            in_time,
            {"real clips": real_in_time},
            judged(in_time, "at least", 0.7),
        ),
        _against_chance(cells, "mcd"),
    ]
    return found


def _against_chance(cells: Mapping[tuple[str, str], Cell], metric: str) -> Goal:
    found, chance, ceiling = (cells[name, metric] for name in ("narrator", "chance", "ceiling"))
    beside = {"real clips": of_cell(ceiling), "chance": of_cell(chance)}
    return Goal(f"{metric.upper()} below chance", of_cell(found), beside, below(found, chance))


def table(rows: Sequence[Goal]) -> str:
    """The goals as a Markdown table."""
    lines = ["| goal | found, 95 % interval | n | real clips | chance | |", "|---|---|---|---|---|---|"]
    for row in rows:
        beside = " | ".join(str(row.beside[name]) if name in row.beside else "" for name in ("real clips", "chance"))
        failed = f", {row.found.failed} failed" if row.found.failed else ""
        lines.append(f"| {row.goal} | {row.found} | {row.found.n}{failed} | {beside} | {row.verdict} |")
    return "\n".join(lines)
