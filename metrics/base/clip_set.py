"""Sets of clips that need not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast, overload

import numpy as np

from metrics.base.spill import Spill

Clip = TypeVar("Clip")
View = TypeVar("View")

BUDGET = 32 * 2**20
"""Bytes of statistics that one set remembers; what exceeds them goes to a temporary file, see `metrics.base.spill`.
Little beside what a process with PyTorch takes, so that memory hardly depends on the number of clips."""


class ClipSet(Sequence[Clip]):
    """A sequence whose items are made when they are asked for.

    Args:
        get: the item at a position.
        positions: which positions, in the order of the sequence.
    """

    def __init__(self, get: Callable[[int], Clip], positions: Iterable[int]) -> None:
        self._get = get
        self._positions = list(positions)

    @classmethod
    def of(cls, clips: Mapping[str, Clip]) -> ClipSet[Clip]:
        """The values in the order of their keys; each is fetched once as long as memory and disk have room for it."""
        keys = sorted(clips)
        remembered: dict[int, Clip] = {}
        spilt = Spill()
        room = BUDGET

        def get(position: int) -> Clip:
            nonlocal room
            if position in remembered:
                return remembered[position]
            if position in spilt:
                return cast(Clip, spilt.read(position))
            clip = clips[keys[position]]
            size = _bytes(clip)
            if size <= room:
                remembered[position] = clip
                room -= size
            elif isinstance(clip, Mapping):
                spilt.write(position, clip)
            return clip

        return cls(get, range(len(keys)))

    def view(self, function: Callable[[Clip], View]) -> ClipSet[View]:
        """The same set seen through a function."""
        return ClipSet(lambda position: function(self._get(position)), self._positions)

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, index: int) -> Clip: ...

    @overload
    def __getitem__(self, index: slice) -> ClipSet[Clip]: ...

    def __getitem__(self, index: int | slice) -> Clip | ClipSet[Clip]:
        if isinstance(index, slice):
            return ClipSet(self._get, self._positions[index])
        return self._get(self._positions[index])

    def take(self, indices: Iterable[int]) -> ClipSet[Clip]:
        """The items at these indices, in their order."""
        return ClipSet(self._get, [self._positions[index] for index in indices])


class Part(Mapping[str, Clip]):
    """The clips of some keys of a mapping, fetched from it when they are asked for."""

    def __init__(self, clips: Mapping[str, Clip], keys: Collection[str]) -> None:
        self._clips = clips
        self._keys = dict.fromkeys(keys)

    def __getitem__(self, key: str) -> Clip:
        if key not in self._keys:
            raise KeyError(key)
        return self._clips[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def take(clips: Sequence[Clip], indices: Iterable[int]) -> Sequence[Clip]:
    """The items of any sequence at these indices; of a `ClipSet` without making them."""
    return clips.take(indices) if isinstance(clips, ClipSet) else [clips[index] for index in indices]


def view(clips: Sequence[Clip], function: Callable[[Clip], View]) -> Sequence[View]:
    """Any sequence seen through a function; a `ClipSet` without making its items."""
    return clips.view(function) if isinstance(clips, ClipSet) else [function(clip) for clip in clips]


def _bytes(clip: Any) -> int:
    return sum(np.asarray(array).nbytes for array in clip.values()) if isinstance(clip, Mapping) else BUDGET
