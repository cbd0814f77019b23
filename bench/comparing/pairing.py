"""Two cells of the same clips as paired samples, and how they differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.comparing.sides import Side
from bench.errors import shown
from metrics.base.comparison import Difference
from metrics.base.intervals import FEWEST
from reports.results import Cell

Array = NDArray[np.float64]

NAMED = 3
"""Clips that a note names."""
MOST_LEFT_OUT = 0.05
"""Share of its clips that a distance may be carried over without; beyond, its bias is guessed too badly."""


@dataclass(frozen=True)
class Sample:
    """The numbers of the clips that both cells measured, in the order of their keys."""

    keys: tuple[str, ...]
    first: Array
    second: Array


@dataclass(frozen=True)
class Compared:
    """One metric on one dataset, or over all where `dataset` is None: a difference, or the reason why there is none."""

    dataset: str | None
    metric: str
    sample: Sample | None = None
    difference: Difference | None = None
    first: float | None = None
    second: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


class NoSample(ValueError):
    """Two cells are no paired sample; the message is the reason."""


def paired(sides: tuple[Side, Side], cells: tuple[Cell, Cell], clips: Collection[str]) -> Sample:
    """The numbers of two cells on the clips that both measured.

    A distance between sets depends on how many clips it is of: one that was taken on more clips than these is moved to
    this many along the line in 1/n that its bias-corrected value lies on (Chong and Forsyth 2020).

    Args:
        clips: keys of the clips that may be compared.

    Raises:
        NoSample: a value or the numbers by clip are missing, no clip is in both, or a distance is of other clips.
    """
    for side, cell in zip(sides, cells, strict=True):
        if cell.value is None:
            raise NoSample(f"missing in {shown(side.name, 80)} ({cell.missing})")
        if not cell.by_clip:
            few = f"n = {cell.n} is below {FEWEST}"
            raise NoSample(few if cell.n < FEWEST else f"{shown(side.name, 80)} has no numbers by clip")
    keys = tuple(sorted(cells[0].by_clip.keys() & cells[1].by_clip.keys() & set(clips)))
    if not keys:
        raise NoSample("no clip was measured in both")
    first, second = (
        np.array([cell.by_clip[key] for key in keys]) + _moved(side, cell, len(keys))
        for side, cell in zip(sides, cells, strict=True)
    )
    return Sample(keys, first, second)


def _moved(side: Side, cell: Cell, n: int) -> float:
    """How much a distance of the cell's clips would be larger on n of them, by its bias; 0 for a mean of pairs."""
    if n == cell.n or not is_distance(cell) or cell.value is None:
        return 0.0
    if cell.n - n > MOST_LEFT_OUT * cell.n or "bias_corrected" not in cell.details:
        raise NoSample(
            f"{shown(side.name, 80)} is a distance of {cell.n} clips, of which {n} are in both, and the bias of a "
            "distance depends on their number"
        )
    return (cell.value - cell.details["bias_corrected"]) * (cell.n / n - 1)


def is_distance(cell: Cell) -> bool:
    """Whether a cell compares two sets; the mean over pairs has no other clips than the generated ones."""
    return "reference_clips" in cell.details


def notes_on(sides: tuple[Side, Side], cells: tuple[Cell, Cell], clips: Collection[str], n: int) -> Iterator[str]:
    """What belongs beside a row: clips that were left out, and what the cells themselves say."""
    failed = [{key: reason for key, reason in cell.failed.items() if key in clips} for cell in cells]
    for side, own, others in zip(sides, failed, failed[::-1], strict=True):
        if alone := {key: reason for key, reason in own.items() if key not in others}:
            yield f"left out: {_named(alone)}, not measured in {shown(side.name, 80)} only"
    if both := failed[0].keys() & failed[1].keys():
        yield f"left out: {_named(dict.fromkeys(sorted(both)))}, not measured in either"
    if is_distance(cells[0]) and any(cell.n != n for cell in cells) and n:
        yield f"distances of {cells[0].n} and {cells[1].n} clips, carried over to the {n} that both have"
    for side, cell, other in zip(sides, cells, cells[::-1], strict=True):
        yield from (f"{shown(side.name, 80)}: {note}" for note in cell.notes if note not in other.notes)
    yield from (note for note in cells[0].notes if note in cells[1].notes)


def only_one_failed(sides: tuple[Side, Side], errors: Mapping[str, tuple[str | None, str | None]]) -> Iterator[str]:
    """Sentences on clips that one side failed to make and the other made.

    Args:
        errors: what kept either side from making a clip, by key; None where it made it.
    """
    for place, other in ((0, 1), (1, 0)):
        alone = {key: pair[place] for key, pair in errors.items() if pair[place] and not pair[other]}
        if alone:
            yield f"{shown(sides[place].name, 80)} failed {_named(alone)}, which {shown(sides[other].name, 80)} made"


def _named(clips: Mapping[str, object]) -> str:
    keys = sorted(clips)
    more = ", ..." if len(keys) > NAMED else ""
    return f"{len(keys)} clip{'s' * (len(keys) > 1)} ({', '.join(shown(key, 60) for key in keys[:NAMED])}{more})"
