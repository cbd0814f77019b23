"""Statistics that were read once and do not fit in memory, in a temporary file that vanishes with the process.

A reduction passes over a set of clips many times. A stored statistic is checked against its hash and unpacked whenever
it is read, which takes some 100 microseconds; from here it comes back in a few.
"""

from __future__ import annotations

import io
import tempfile
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class _Layout:
    """Name, dtype, shape and bytes of each array of a clip."""

    arrays: tuple[tuple[str, str, tuple[int, ...], int], ...]

    @property
    def size(self) -> int:
        return sum(size for *_, size in self.arrays)


class Spill:
    """Arrays by the position of their clip. A clip that cannot be kept, for lack of room on disk, is left out."""

    def __init__(self) -> None:
        self._file: io.FileIO | None = None
        self._full = False
        self._end = 0
        self._places: dict[int, int] = {}
        self._offsets, self._kinds = array("q"), array("l")
        self._layouts: list[_Layout] = []
        self._known: dict[_Layout, int] = {}

    def __contains__(self, position: int) -> bool:
        return position in self._places

    def write(self, position: int, clip: Mapping[str, Any]) -> None:
        """Keep a clip's arrays, bit by bit; those of a clip that holds Python objects are not kept."""
        arrays = {name: np.asarray(values) for name, values in clip.items()}
        if self._full or any(values.dtype.hasobject for values in arrays.values()):
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="narrator-bench-", buffering=0)  # noqa: SIM115
            self._file.seek(self._end)
            for values in arrays.values():
                _write(self._file, memoryview(values.tobytes()))
        except OSError:  # no room, or nowhere to write: the clip is fetched again instead
            self._full = True
            return
        layout = _Layout(tuple((name, v.dtype.str, v.shape, v.nbytes) for name, v in arrays.items()))
        self._places[position] = len(self._offsets)
        self._offsets.append(self._end)
        if layout not in self._known:
            self._known[layout] = len(self._layouts)
            self._layouts.append(layout)
        self._kinds.append(self._known[layout])
        self._end += layout.size

    def read(self, position: int) -> dict[str, NDArray[Any]]:
        """What was written for a position that is kept; the arrays are writable, and nobody else's.

        Raises:
            OSError: the disk no longer gives what was written.
        """
        assert self._file is not None
        place = self._places[position]
        layout = self._layouts[self._kinds[place]]
        content = bytearray(layout.size)
        self._file.seek(self._offsets[place])
        if layout.size and self._file.readinto(content) != layout.size:
            raise OSError(f"The temporary file of statistics in {tempfile.gettempdir()} was cut short: run again.")
        found, start = {}, 0
        for name, kind, shape, size in layout.arrays:
            found[name] = np.frombuffer(content, kind, prod(shape), start).reshape(shape)
            start += size
        return found


def _write(file: io.FileIO, content: memoryview) -> None:
    while content:
        content = content[file.write(content) :]
