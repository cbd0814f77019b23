"""Per-clip statistics on disk, named by everything they depend on, so that a kept statistic is never stale.

The name holds the content of the clip, how it was decoded, the metric's configuration and weights, and the source code
that computes the statistic; the file holds a checksum of its own.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from bench import fingerprint
from bench.files import Damaged, read_checked, write_checked
from bench.scoring.length import Length
from bench.scoring.pairs import Pair
from bench.scoring.trace import Trace
from metrics.base.metric import ClipMetric, Statistics, Unmeasurable


class StatisticsStore:
    """Per-clip and per-pair statistics on disk, or the reason why there are none."""

    def __init__(self, folder: Path, metric: ClipMetric | Length | Trace) -> None:
        self._clips = folder / fingerprint.of_json(metric.statistics_id)
        self._pairs = folder / fingerprint.of_json([metric.signature, metric.statistics_id])
        self._asks = bool(getattr(metric, "needs", ()))

    def clip(self, identity: str) -> Path:
        """File of one clip's statistics."""
        return self._clips / f"{identity}.stats"

    def pair(self, pair: Pair) -> Path:
        """File of one pair's statistics."""
        prompt = f"-{pair.prompt}" if self._asks and pair.prompt else ""
        return self._pairs / f"{pair.reference or 'none'}-{pair.generated}{prompt}.stats"


def save(path: Path, outcome: Statistics | Unmeasurable) -> None:
    """Keep statistics, or the reason why there are none, under `path`."""
    if isinstance(outcome, Unmeasurable):
        write_checked(path, json.dumps({"unmeasurable": str(outcome)}).encode())
        return
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in outcome.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_checked(path, buffer.getvalue())


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
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


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
