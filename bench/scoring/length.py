"""How long clips are, to tell where a pair or two sets of clips are not of one length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipMetric, ClipObserver, Modality, Statistics


@dataclass(frozen=True)
class LengthConfig:
    """How many pictures there are in a second."""

    fps: float


class PictureLength(ClipMetric):
    """Seconds of a clip's pictures, of the part that is read; no score of its own."""

    name = title = "picture-length"
    unit = "s"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})

    def __init__(self, fps: float) -> None:
        super().__init__(config=LengthConfig(fps))

    def observe(self) -> ClipObserver:
        return _PictureObserver(self.config.fps)

    def update(self) -> None:
        """Not for a training loop."""
        raise NotImplementedError

    def compute(self) -> None:
        """Not for a training loop."""
        raise NotImplementedError


class SoundLength(PictureLength):
    """Seconds of a clip's sound, of the part that is read; no score of its own."""

    name = title = "sound-length"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})

    def observe(self) -> ClipObserver:
        return _SoundObserver()


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
