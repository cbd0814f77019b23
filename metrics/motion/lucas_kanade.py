"""Point tracks by pyramidal Lucas-Kanade (Bouguet 2001, as in OpenCV): no network, a few milliseconds a frame."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from metrics.base.ranges import Range
from metrics.motion.grid import WINDOW, grid_points
from metrics.motion.tracker import Tracker, WindowTracker


@dataclass(frozen=True)
class LucasKanade(Tracker):
    """Settings of the tracker.

    Attributes:
        patch: side of the patch that is compared, pixels.
        levels: halvings of the frame above the full resolution.
        iterations, tolerance: a point's search ends after so many steps, or with a step shorter than this, in pixels.
        texture: least eigenvalue of the patch's gradient matrix; a flatter patch cannot be tracked.
        resolution: positions are reported in multiples of this many pixels (a power of two). Rounding inside the
            tracker moves points of a frozen picture by 1e-6 pixels, and a histogram counts any movement.
    """

    patch: Annotated[int, Range(3, 101)] = 11
    levels: Annotated[int, Range(0, 5)] = 3
    iterations: Annotated[int, Range(1, 100)] = 30
    tolerance: Annotated[float, Range(1e-4, 1)] = 0.01
    texture: Annotated[float, Range(0)] = 1e-4
    resolution: Annotated[float, Range(1 / 4096, 1)] = 1 / 64

    def __post_init__(self) -> None:
        super().__post_init__()
        if math.frexp(self.resolution)[0] != 0.5:
            raise ValueError(f"resolution must be a power of two, got {self.resolution}.")

    def start(self, device: torch.device) -> WindowTracker:
        """A tracker for one clip, on the CPU whatever the device."""
        return _LucasKanadeTracker(self)


class _LucasKanadeTracker(WindowTracker):
    """The points of all windows that are under way move in one call for each new frame.

    A point that is lost (a flat patch, or outside the frame) rests where it is, and moves on as soon as it can be
    tracked again.
    """

    def __init__(self, settings: LucasKanade) -> None:
        self._settings = settings
        self._previous: NDArray[np.uint8] | None = None
        self._windows: deque[list[NDArray[np.float32]]] = deque()

    def track(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        if self._previous is not None:
            current = np.concatenate([window[-1] for window in self._windows])
            moved = np.split(self._moved(self._previous, grey, current), len(self._windows))
            for window, points in zip(self._windows, moved, strict=True):
                window.append(points)
        self._previous = grey
        self._windows.append([grid_points()])
        if len(self._windows[0]) < WINDOW:
            return None
        resolution = self._settings.resolution
        tracks: NDArray[np.float32] = np.rint(np.stack(self._windows.popleft()) / resolution) * resolution
        return tracks.astype(np.float32)

    def _moved(
        self, before: NDArray[np.uint8], after: NDArray[np.uint8], points: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        settings = self._settings
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            before,
            after,
            points,
            None,
            winSize=(settings.patch, settings.patch),
            maxLevel=settings.levels,
            criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, settings.iterations, settings.tolerance),
            minEigThreshold=settings.texture,
        )
        moved: NDArray[np.float32] = np.where(status == 1, found, points)
        return moved
