"""What a point tracker is to the Frechet video motion distance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.base.ranges import Configuration


class WindowTracker(ABC):
    """Tracks the grid through every window of one clip's frames; memory does not grow with the clip."""

    @abstractmethod
    def track(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Take the next frame, uint8 [256, 256, 3]. Returns the tracks [16, 400, 2] of the window that it completes."""


class Tracker(Configuration, ABC):
    """A way to track. A concrete one is a frozen dataclass: its fields and the weights decide the tracks.

    Attributes:
        weights: names of the weight files, see `metrics.weights`.
    """

    weights: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def start(self, device: torch.device) -> WindowTracker:
        """A tracker for one clip.

        Raises:
            WeightsMissing: the weights are not here and cannot be fetched.
        """
