"""One metric's view of one clip: what it is shown, what it keeps, and how it says that there is nothing to measure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Statistics = Mapping[str, NDArray[Any]]
"""Named arrays that say all a metric needs to know of one clip (or one pair); stored without pickle."""

Modality = Literal["video", "audio"]


class Unmeasurable(ValueError):
    """This clip (or pair) cannot be measured; the message is the reason that the score will carry."""


class ClipObserver(ABC):
    """One metric's view of one clip while it is decoded, once, for all metrics.

    The harness calls `frames` with consecutive chunks and `waveform` once, in any order of the two, then `finish`.
    An observer overrides what it needs and must keep memory bounded as the clip grows.
    """

    def frames(self, frames: NDArray[np.uint8]) -> None:  # noqa: B027 - optional hook
        """Consecutive frames, uint8 [t, H, W, 3], RGB, at the protocol's frame rate; the caller reuses the array."""

    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:  # noqa: B027 - optional hook
        """The whole mono soundtrack, float32 [S] in -1..1, and its sample rate in Hz.

        Where the array cannot be written to it stays as it is and may be kept without a copy; else the caller reuses
        it. The rate is the protocol's, or the file's own where the metric asks for it, see `ClipMetric.native_audio`.
        """

    @abstractmethod
    def finish(self) -> Callable[[], Statistics]:
        """A function that returns the clip's statistics or raises `Unmeasurable`.

        It is deferred so that a clip may first be decoded to its end for every metric; calling it runs what is pending.
        """
