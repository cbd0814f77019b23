"""What a comparison found, typed: rows with their verdicts, and the clips that changed most."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field

from reports.results import ByKey, Metric, Record

Verdict = Literal["better", "worse", "no difference", "no claim"]


class Contender(Record):
    """One generator of one run, and what the tables call it; `run` is the run's folder as it was written."""

    name: str
    run: str
    generator: str


class Row(Record):
    """One metric on one dataset, or over all datasets where `dataset` is None: the second contender less the first.

    Attributes:
        first, second: the scores on the clips that both have; None where there are none.
        n: clips that were compared.
        difference, standard_error, low, high: second less first, over clips, with its 95 % interval.
        p_value, p_adjusted: by approximate randomisation, alone and corrected for all rows that were tested; the latter
            is None where a row could not be called different, because no clip differs or the clips are too few.
        visible: the smallest difference that so many clips would show, see `metrics.base.comparison.Difference`.
        verdict: on the second contender.
        words: the verdict as a sentence has it, with its reason where nothing is claimed.
        notes: what belongs beside the row, for example clips that were left out.
    """

    dataset: str | None
    metric: str
    first: float | None = None
    second: float | None = None
    n: int = 0
    difference: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    visible: float | None = None
    verdict: Verdict = "no claim"
    words: str
    notes: tuple[str, ...] = ()


class Change(Record):
    """How one clip changed by one metric; `share` is in root mean squares of the differences of all clips."""

    metric: str
    first: float
    second: float
    share: float


class ChangedClip(Record):
    """A clip that changed much, by how much each metric says, and its videos, relative to the contenders' runs."""

    dataset: str
    key: str
    text: str
    changes: tuple[Change, ...]
    first_file: str | None
    second_file: str | None
    reference: str | None


class Pair(Record):
    """The second contender against the first.

    `left_out` says in sentences what only one of them has, `failures` what only one of them could not make or measure.
    """

    first: Contender
    second: Contender
    rows: tuple[Row, ...]
    changed: tuple[ChangedClip, ...] = ()
    failures: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """For example "new against old"."""
        return f"{self.second.name} against {self.first.name}"


class Comparison(Record):
    """Pairs of contenders under one protocol; `tested` rows of all pairs share the `level`, by Holm's correction.

    `signatures` says by metric how both sides of its rows were made.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    level: float
    tested: int
    metrics: dict[str, Metric]
    signatures: dict[str, str]
    protocol: ByKey[Any]
    pairs: tuple[Pair, ...]

    def text(self) -> str:
        """As JSON; equal comparisons give equal text."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False) + "\n"
