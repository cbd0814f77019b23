"""What a gate found, cell by cell, as reports know it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["regression", "not measured", "holds"]
VERDICTS: tuple[Verdict, ...] = ("regression", "not measured", "holds")
"""The worst first."""
EXIT_CODES: dict[Verdict, int] = {"holds": 0, "regression": 1, "not measured": 3}


@dataclass(frozen=True)
class Judged:
    """The verdict on one cell.

    Attributes:
        dataset, generator, metric: which cell.
        verdict: `regression` where it is worse than tolerated by more than noise, `not measured` where nobody can tell.
        reason: the verdict's reason, one sentence.
        unit: of the numbers.
        reference, value: the scores, None where there is none.
        worse: how much worse the run is, negative where it is better; `low` and `high` bound its 95 % interval.
        tolerance: how much worse it may be.
        p_value: how often noise alone makes any cell of an equally good run look so bad (Holm over the cells).
        visible: the worsening that the gate finds in 80 of 100 runs, with so many clips of such a spread.
        n: clips that were compared.
    """

    dataset: str
    generator: str
    metric: str
    verdict: Verdict
    reason: str
    unit: str = ""
    reference: float | None = None
    value: float | None = None
    worse: float | None = None
    low: float | None = None
    high: float | None = None
    tolerance: float | None = None
    p_value: float | None = None
    visible: float | None = None
    n: int | None = None

    @property
    def name(self) -> str:
        return f"{self.metric}, {self.generator} on {self.dataset}"


@dataclass(frozen=True)
class GateResult:
    """The verdicts on all cells of a run.

    Attributes:
        study: the name of the study.
        against: what the run was compared with, as the user named it.
        significance: share of gates of equally good runs that may say regression.
        cells: the worst verdicts first.
    """

    study: str
    against: str
    significance: float
    cells: tuple[Judged, ...]

    @property
    def counts(self) -> dict[Verdict, int]:
        found = Counter(cell.verdict for cell in self.cells)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def verdict(self) -> Verdict:
        """The worst of all cells."""
        return next(verdict for verdict in VERDICTS if self.counts[verdict])

    @property
    def summary(self) -> str:
        """One sentence: "Regression: 1 regression, 0 not measured, 7 hold."."""
        regressions, unmeasured, hold = self.counts.values()
        return (
            f"{self.verdict.capitalize()}: {regressions} regression{'s' * (regressions != 1)}, {unmeasured} not "
            f"measured, {hold} hold{'s' * (hold == 1)}."
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "study": self.study, "against": self.against, "verdict": self.verdict,
            "exit_code": EXIT_CODES[self.verdict], "counts": self.counts, "significance": self.significance,
            "cells": [asdict(cell) for cell in self.cells],
        }  # fmt: skip
