"""From the times at which frames are shown to a constant frame rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST_GAP = 5
"""Seconds that one picture may stand, or silence may stand in for missing sound, before it is taken for damage."""


@dataclass(frozen=True)
class Shown(Generic[T]):
    """One frame with its presentation time and duration, in seconds after the clip's first frame."""

    frame: T
    start: Fraction
    duration: Fraction


def at_rate(frames: Iterable[Shown[T]], fps: float | None, max_seconds: float) -> Iterator[tuple[T, int]]:
    """Each frame with the number of times it appears at a constant `fps`; frames that do not appear are left out.

    Output frame k stands for time k / fps. A frame begins at the output frame nearest to its presentation time (halves
    round up) and lasts until the next one begins; the last one lasts as long as its duration says. So the clip keeps
    its length and no frame is more than half an output period early or late. This is the rule of FFmpeg's `fps` filter
    (libavfilter/vf_fps.c, round=near), the tool with which the field prepares its data; a test runs that filter beside.

    Args:
        frames: in presentation order, read one ahead and no further than needed.
        fps: target rate; None keeps every frame once, at its own time.
        max_seconds: output frames at or after this time are not made; may be infinite.

    Yields:
        (frame, count) with count >= 1. A clip that has any frame gives at least one.
    """
    if fps is None:
        for shown in frames:
            if shown.start >= max_seconds:
                return
            yield shown.frame, 1
        return
    rate = as_fraction(fps)
    limit = math.inf if math.isinf(max_seconds) else max(1, round(as_fraction(max_seconds) * rate))
    written = 0
    held: Shown[T] | None = None
    for shown in frames:
        if held is not None:
            until = min(limit, _nearest(shown.start * rate))
            if until > written:
                yield held.frame, int(until) - written
                written = int(until)
            if written >= limit:
                return
        held = shown
    if held is not None:
        until = min(limit, max(_nearest((held.start + held.duration) * rate), 1))
        if until > written:
            yield held.frame, int(until) - written


def as_fraction(value: float) -> Fraction:
    """The rational number that a decimal was meant to be: 29.97 is 2997/100, not the nearest binary fraction."""
    return Fraction(value).limit_denominator(1_000_000)


def _nearest(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))
