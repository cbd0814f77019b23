"""What two datasets share: people, the same clips, and clips that are the same in another encoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.identities import identities
from bench.datasets.likeness import Likeness, differing_bits, likeness, sound_alike
from bench.media.clip import UnreadableClip
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress

MOST_BITS = 12
"""Of 64 in which the pictures' hashes of near-duplicates differ."""

LEAST_CORRELATION = 0.9
"""Of the envelopes of near-duplicates; two clips of one recording look alike but say other things."""

_ROWS = 1024
"""Clips of the first dataset that are compared at a time, so that memory does not grow with their number."""


@dataclass(frozen=True)
class Shared:
    """Something that two datasets share.

    Attributes:
        kind: "speaker", "same content" or "near-duplicate".
        first, second: in either dataset: keys of clips, or how many clips a person has.
        detail: who, or how near.
    """

    kind: str
    first: str
    second: str
    detail: str


@dataclass(frozen=True)
class Overlap:
    """What two datasets share, and clips that could not be looked at."""

    shared: tuple[Shared, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Task:
    dataset: int
    sample: Sample
    max_seconds: float


def overlap(
    first: DatasetIndex, second: DatasetIndex, max_seconds: float, pool: WorkerPool, progress: Progress
) -> Overlap:
    """Compare two datasets; every clip is decoded once, up to `max_seconds`."""
    shared = [*_people(first, second)]
    tasks = [_Task(number, s, max_seconds) for number, index in enumerate((first, second)) for s in index.samples]
    seen: tuple[list[Likeness], list[Likeness]] = ([], [])
    findings = []
    for number, outcome in progress(pool.spread(_looked_at, tasks), len(tasks), "look at"):
        if isinstance(outcome, Likeness):
            seen[number].append(outcome)
        else:
            findings.append(outcome)
    for side in seen:
        side.sort(key=lambda clip: clip.key)
    shared += _clips(*seen)
    return Overlap(tuple(shared), tuple(sorted(findings, key=lambda f: (f.reason, f.subject))))


def _looked_at(task: _Task) -> tuple[int, Likeness | Finding]:
    try:
        return task.dataset, likeness(task.sample, task.max_seconds)
    except UnreadableClip as error:
        return task.dataset, Finding(task.sample.key, "unreadable", error.reason)


def _people(first: DatasetIndex, second: DatasetIndex) -> Iterator[Shared]:
    one, other = identities(first), identities(second)
    for person in sorted(one.keys() & other.keys()):
        yield Shared("speaker", f"{len(one[person])} clips", f"{len(other[person])} clips", person)


def _clips(one: Sequence[Likeness], other: Sequence[Likeness]) -> Iterator[Shared]:
    hashes = [np.array([clip.picture for clip in side], np.uint64) for side in (one, other)]
    for start in range(0, len(one), _ROWS):
        bits = differing_bits(hashes[0][start : start + _ROWS], hashes[1])
        for row, column in np.argwhere(bits <= MOST_BITS):
            a, b = one[start + int(row)], other[int(column)]
            if a.content == b.content:
                yield Shared("same content", a.key, b.key, "")
                continue
            alike = sound_alike(a.envelope, b.envelope)
            if alike is not None and alike >= LEAST_CORRELATION:
                near = f"pictures differ in {bits[row, column]} of 64 bits, sound correlates by {alike:.2f}"
                yield Shared("near-duplicate", a.key, b.key, near)
            elif alike is None and bits[row, column] <= MOST_BITS // 2:
                near = f"pictures differ in {bits[row, column]} of 64 bits, sound cannot be compared"
                yield Shared("near-duplicate", a.key, b.key, near)
