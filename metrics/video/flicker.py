"""Flicker: brightness that jumps from frame to frame, as motion does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range


@dataclass(frozen=True)
class FlickerConfig(Configuration):
    """The one convention.

    Attributes:
        cells: to a side of the grid in which brightness is averaged: noise of single pixels averages out.
    """

    cells: Annotated[int, Range(1, 256)] = 32


class _FlickerObserver(ClipObserver):
    """Sums of squares; memory does not grow."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._last: list[NDArray[np.float64]] = []
        self._total = 0.0
        self._count = 0

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for frame in frames:
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            cells = cv2.resize(grey.astype(np.float32), (self._cells,) * 2, interpolation=cv2.INTER_AREA)
            self._last = [*self._last[-2:], cells.astype(np.float64)]
            if len(self._last) == 3:
                before, now, after = self._last
                self._total += float(np.square(before - 2 * now + after).mean())
                self._count += 1

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._count:
            raise Unmeasurable("the clip has fewer than 3 frames")
        return {"power": np.array(self._total / self._count)}


class Flicker(PairedMetric):
    """How much brightness jumps in the generated clip alone, in grey levels of 0..255, at least 0; lower is better.

    Per clip: "power" float64, the mean square of second differences in time of the brightness of 32 x 32 cells. The
    value is its root over the root of 6, the standard deviation of independent noise that would give as much. Motion
    at a steady speed adds little, cuts add much; a still picture has none, and no merit by that.

    Args:
        name: "flicker", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "flicker", "Flicker", "levels"
    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    reference_free: ClassVar[bool] = True
    statistics_kind = "flicker"
    conventions: ClassVar[Mapping[str, Any]] = {"flicker": FlickerConfig()}

    def observe(self) -> ClipObserver:
        return _FlickerObserver(self.config.cells)

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's own flicker under "value"."""
        return {"value": np.sqrt(generated["power"] / 6)}
