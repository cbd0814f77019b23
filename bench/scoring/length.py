"""How long clips are, to tell where a pair or two sets of clips are not of one length."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Modality, Statistics
from metrics.base.signature import statistics_id


@dataclass(frozen=True)
class Length:
    """Seconds of a clip's pictures or of its sound, of the part that is read: observed like a metric, but no score.

    Per clip: `seconds`, a float64 scalar.

    Attributes:
        modality: which stream is timed.
        fps: frames in a second of pictures.
    """

    modality: Modality
    fps: float
    native_audio = False
    longest_sound = math.inf
    name = "length"

    @property
    def modalities(self) -> frozenset[Modality]:
        """What it looks at."""
        return frozenset({self.modality})

    @property
    def statistics_id(self) -> str:
        """Names its statistics, as that of a metric does."""
        return statistics_id("length", self, {}, __name__)

    @property
    def signature(self) -> str:
        """No number of it is ever shown, so the name of its statistics suffices."""
        return self.statistics_id

    def observe(self) -> ClipObserver:
        """A fresh observer for one clip."""
        return _PictureObserver(self.fps) if self.modality == "video" else _SoundObserver()


class _PictureObserver(ClipObserver):
    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._frames = 0

    def frames(self, frames: NDArray[np.uint8]) -> None:
        self._frames += len(frames)

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"seconds": np.array(self._frames / self._fps)}


class _SoundObserver(ClipObserver):
    seconds = 0.0

    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:
        self.seconds = len(waveform) / sample_rate

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"seconds": np.array(self.seconds)}
