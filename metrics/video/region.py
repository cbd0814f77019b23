"""Which part of the frames a video metric looks at: all of it, or a square around the face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Statistics, Unmeasurable
from metrics.video.face_finder import WEIGHTS, FaceFinder

Region = Literal["frame", "face"]
REGION_WEIGHTS: dict[Region, tuple[str, ...]] = {"frame": (), "face": WEIGHTS}

MARGIN = 1.5
"""Side of the face's square relative to the longer side of the detector's box, which ends at brows and chin."""
LIMIT = 25
"""Frames in which a face is looked for; as many are kept waiting at most."""

Frames = NDArray[np.uint8]


def in_region(observer: ClipObserver, region: Region) -> ClipObserver:
    """The observer, shown only this part of the frames."""
    return FaceCrop(observer) if region == "face" else observer


class FaceCrop(ClipObserver):
    """Shows another observer the square around the largest face in the first frame that has one.

    The square is clamped to the frame and stays where it is for the whole clip, so that the head's motion is seen. A
    clip without a face in its first `LIMIT` frames is unmeasurable.
    """

    def __init__(self, observer: ClipObserver) -> None:
        self._observer = observer
        self._finder = FaceFinder()
        self._square: tuple[slice, slice] | None = None
        self._faceless: list[Frames] = []
        self._searched = 0

    def frames(self, frames: Frames) -> None:
        start = 0
        while self._square is None and start < len(frames) and self._searched < LIMIT:
            self._search(frames[start])
            start += 1
        if self._square is not None:
            self._show(frames[start:])

    def _search(self, frame: Frames) -> None:
        self._searched += 1
        self._faceless.append(frame.copy())
        box = self._finder.find(frame)
        if box is not None:
            self._square = square_around(box, frame.shape[0], frame.shape[1])
            self._show(np.stack(self._faceless))
        if box is not None or self._searched == LIMIT:
            self._faceless = []

    def _show(self, frames: Frames) -> None:
        if self._square is not None and len(frames):
            rows, columns = self._square
            self._observer.frames(frames[:, rows, columns])

    def finish(self) -> Callable[[], Statistics]:
        return self._observer.finish() if self._square or not self._searched else self._without_a_face

    def _without_a_face(self) -> Statistics:
        raise Unmeasurable(f"no face found in the first {self._searched} frames")


def square_around(box: NDArray[np.float32], height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the square around a box (left, top, right, bottom), moved and shrunk into the frame."""
    side = min(round(MARGIN * float((box[2:] - box[:2]).max())), height, width)
    middle = (box[:2] + box[2:]) / 2
    left, top = (
        int(np.clip(round(float(centre - side / 2)), 0, size - side))
        for centre, size in zip(middle, (width, height), strict=True)
    )
    return slice(top, top + side), slice(left, left + side)
