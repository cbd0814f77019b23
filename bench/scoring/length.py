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
    """Which stream is timed, and how many pictures there are in a second."""

    modality: Modality
    fps: float | None


class Length(ClipMetric):
    """Seconds of a clip's pictures or of its sound, of the part that is read; no score of its own."""

    name = title = "length"
    unit = "s"
    higher_is_better: ClassVar[None] = None

    def __init__(self, modality: Modality, fps: float | None) -> None:
        super().__init__(config=LengthConfig(modality, fps))
        self.modalities = frozenset({modality})

    def observe(self) -> ClipObserver:
        return _LengthObserver(self.config)

    def update(self) -> None:
        """Not for a training loop."""
        raise NotImplementedError

    def compute(self) -> None:
        """Not for a training loop."""
        raise NotImplementedError


class _LengthObserver(ClipObserver):
    def __init__(self, config: LengthConfig) -> None:
        self._config = config
        self._seconds = 0.0
        self._frames = 0

    def frames(self, frames: NDArray[np.uint8]) -> None:
        self._frames += len(frames)
        self._seconds = self._frames / (self._config.fps or 1.0)

    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:
        if self._config.modality == "audio":
            self._seconds = len(waveform) / sample_rate

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"seconds": np.array(self._seconds)}
