"""Per-clip statistics on disk, named by everything they depend on, so that a kept statistic is never stale.

The name holds the content of the clip, how it was decoded, the metric's configuration and weights, and the source code
that computes the statistic; the file holds a checksum of its own.
"""

from __future__ import annotations

import functools
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench import fingerprint
from bench.files import Damaged, read_checked, write_checked
from bench.scoring.length import Length
from bench.scoring.pairs import Pair
from bench.scoring.trace import Trace
from metrics.base.metric import ClipMetric, Statistics, Unmeasurable

_NPY = b"\x93NUMPY\x01\x00"
"""How an .npy file of version 1.0 begins; two bytes more say how long its header is."""


class StatisticsStore:
    """Per-clip and per-pair statistics on disk, or the reason why there are none.

    A study of a million clips has as many of each metric; they are spread over 256 folders, by the first two digits of
    the (generated) clip's identity, because listing, copying and backing up a folder of a million files takes hours.
    """

    def __init__(self, folder: Path, metric: ClipMetric | Length | Trace) -> None:
        self._clips = folder / fingerprint.of_json(metric.statistics_id)
        self._pairs = folder / fingerprint.of_json([metric.signature, metric.statistics_id])
        self._asks = bool(getattr(metric, "needs", ()))

    @property
    def folders(self) -> tuple[str, str]:
        """Names of the folders of clips and of pairs."""
        return self._clips.name, self._pairs.name

    def clip(self, identity: str) -> Path:
        """File of one clip's statistics."""
        return self._clips / identity[:2] / f"{identity}.stats"

    def pair(self, pair: Pair) -> Path:
        """File of one pair's statistics."""
        prompt = f"-{pair.prompt}" if self._asks and pair.prompt else ""
        return self._pairs / pair.generated[:2] / f"{pair.reference or 'none'}-{pair.generated}{prompt}.stats"


def save(path: Path, outcome: Statistics | Unmeasurable) -> None:
    """Keep statistics, or the reason why there are none, under `path`."""
    if isinstance(outcome, Unmeasurable):
        write_checked(path, json.dumps({"unmeasurable": str(outcome)}).encode())
        return
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in outcome.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_checked(path, buffer.getbuffer())


def load(path: Path) -> Statistics:
    """What `save` kept.

    Raises:
        Unmeasurable: a reason was kept instead of statistics.
        FileNotFoundError: nothing was kept.
        Damaged: the file is not what was kept.
    """
    content = read_checked(path)
    if (reason := _reason(content)) is not None:
        raise Unmeasurable(reason)
    return unpacked(content)


def unpacked(content: bytes) -> Statistics:
    """The arrays of an .npz without compression, as `np.load` gives them in three times the time.

    Its form is `np.savez`'s own, so that anything else is left to `np.load`.
    """
    found: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as members:
        for member in members.infolist():
            names = content[member.header_offset + 26 : member.header_offset + 30]
            start = (
                member.header_offset + 30 + int.from_bytes(names[:2], "little") + int.from_bytes(names[2:], "little")
            )
            data = start + 10 + int.from_bytes(content[start + 8 : start + 10], "little")
            if member.compress_type != zipfile.ZIP_STORED or content[start : start + 8] != _NPY:
                return _loaded(content)
            dtype, shape, order = _described(content[start:data])
            if dtype.hasobject:
                return _loaded(content)
            array = np.frombuffer(content, dtype, math.prod(shape), data).reshape(shape, order=order)
            found[member.filename.removesuffix(".npy")] = array.copy(order="K")
    return found


def _loaded(content: bytes) -> Statistics:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


@functools.lru_cache(maxsize=2**12)
def _described(header: bytes) -> tuple[np.dtype[Any], tuple[int, ...], Literal["C", "F"]]:
    """Type, shape and order of an array by the start of its .npy file; most clips of a metric have the same."""
    file = io.BytesIO(header)
    np.lib.format.read_magic(file)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    return dtype, shape, "F" if fortran else "C"


def kept_reason(path: Path) -> str | None:
    """The reason kept under `path`, None if it holds statistics; raises as `load` does."""
    return _reason(read_checked(path))


def discard_damaged(path: Path) -> bool:
    """Whether a file was damaged; it is removed, so that its clip is measured again."""
    try:
        read_checked(path)
    except FileNotFoundError:
        return False
    except Damaged:
        path.unlink(missing_ok=True)
        return True
    return False


def _reason(content: bytes) -> str | None:
    return str(json.loads(content)["unmeasurable"]) if content[:1] == b"{" else None
