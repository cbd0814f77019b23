"""A score: a value or the reason why there is none, never a number that stands for a failure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["lower", "higher"]


@dataclass(frozen=True)
class Score:
    """The result of one metric over one set of clips.

    Attributes:
        value: the score, finite; None when it is missing.
        missing: why there is no value; None when there is one.
        n: clips that entered the value (clips, not frames or windows).
        failed: reason by clip key, for every clip that could not be measured.
        low, high: 95 % confidence interval, None where it cannot be had (too few clips).
        direction: which way is better.
        unit: "dB", or "" for dimensionless scores.
        signature: how the number was made; equal signatures mean comparable numbers.
        notes: warnings that belong beside the number ("n = 7 is below the sensible minimum of 50").
        details: further numbers of the same measurement (bias-corrected value, number of frames or windows).
        by_clip: numbers by clip key whose mean is the value and whose standard error over clips is the value's, so that
            two scores of the same clips can be compared clip by clip: each pair's own score or, of a distance between
            sets whose clips are paired by key, its pseudo-values (the value plus n times the clip's influence). Empty
            where they cannot be had.
    """

    value: float | None
    missing: str | None
    n: int
    direction: Direction
    unit: str
    signature: str
    failed: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    notes: tuple[str, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)
    by_clip: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.value is None) == (self.missing is None):
            raise ValueError("A score has either a value or a reason why it is missing, not both and not neither.")
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"A score's {name} must be finite, got {number}; a failure is a missing score.")


def reasons(failed: Mapping[str, str]) -> str:
    """The most frequent reasons, up to three, with their counts where there are several.

    >>> reasons({"a": "no audio", "b": "silent", "c": "no audio"})
    'no audio (2); silent (1)'
    """
    counted = sorted(Counter(failed.values()).items(), key=lambda item: (-item[1], item[0]))
    shown = [reason if len(counted) == 1 else f"{reason} ({count})" for reason, count in counted[:3]]
    return "; ".join([*shown, *[f"and {len(counted) - 3} more"] * (len(counted) > 3)])


def summary(failed: Mapping[str, str], what: str) -> str:
    """Why there is no score where nothing could be measured.

    >>> summary({"a": "no audio", "b": "silent", "c": "no audio"}, "clips")
    'none of 3 clips could be measured: no audio (2); silent (1)'

    Args:
        failed: reason by clip key.
        what: "clips" or "pairs".
    """
    if not failed:
        return f"there are no {what}"
    return f"none of {len(failed)} {what} could be measured: {reasons(failed)}"
