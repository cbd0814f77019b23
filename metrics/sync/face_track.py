"""The face of a clip cut out as SyncNet's protocol does it: a square that follows the detector's boxes, smoothed.

After `run_pipeline.py` of joonson/syncnet_python at 1fbfc08. What it does to files is left out (JPEG and XviD between
its steps), and so are its search for scenes and the shortest track and smallest face that it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import Unmeasurable
from metrics.sync.syncnet import SIDE

LONGEST_GAP = 25
"""Frames without the face over which its boxes are interpolated."""
SAME_FACE = 0.5
"""Overlap of the boxes of one face in consecutive frames."""
MARGIN = 0.4
SMOOTHED = 13
"""Frames of the median filter."""
_GREY = 110
_REACH = SMOOTHED // 2

Frame = NDArray[np.uint8]
Boxes = NDArray[np.float64]
Place = NDArray[np.float64]


class FaceTrack:
    """Cuts the face out of consecutive frames; holds no more frames than a gap and the filter are long.

    Args:
        find: the boxes of the faces in a frame, float64 [N, 4 or more]: left, top, right, bottom.
    """

    def __init__(self, find: Callable[[Frame], Boxes]) -> None:
        self._find = find
        self._last: Boxes | None = None
        self._gap: list[Frame] = []
        self._waiting: deque[Frame] = deque()
        self._places: list[Place] = []
        self._cut = 0
        self.first: int | None = None
        """Index of the first frame that shows the face; crops begin with it."""
        self._seen = 0

    def crops(self, frame: Frame) -> Iterator[Frame]:
        """The crops, uint8 [224, 224, 3], that are known now that this frame is.

        Raises:
            Unmeasurable: the face was lost for longer than `LONGEST_GAP` frames.
        """
        box = self._followed(self._find(frame)[:, :4])
        self._seen += 1
        if box is None:
            if self.first is not None:
                self._gap.append(frame.copy())
                if len(self._gap) > LONGEST_GAP:
                    raise Unmeasurable(f"the face is lost for more than {LONGEST_GAP} frames")
            return
        if self.first is None:
            self.first = self._seen - 1
        place = _place(box)
        if self._gap:
            before = self._places[-1]
            steps = np.arange(1, len(self._gap) + 1)[:, None] / (len(self._gap) + 1)
            self._places += list(before + steps * (place - before))
            self._waiting += self._gap
            self._gap = []
        self._places.append(place)
        self._waiting.append(frame.copy())
        yield from self._known(len(self._places) - _REACH)

    def rest(self) -> Iterator[Frame]:
        """The crops of the frames up to the last that shows the face.

        Raises:
            Unmeasurable: no frame shows a face.
        """
        if self.first is None:
            raise Unmeasurable(f"no face is found in {self._seen} frames" if self._seen else "the clip has no frames")
        yield from self._known(len(self._places))

    def _known(self, until: int) -> Iterator[Frame]:
        while self._cut < until:
            window = np.zeros((SMOOTHED, 3))  # the filter sees zeros beyond the track's ends
            for row, at in enumerate(range(self._cut - _REACH, self._cut + _REACH + 1)):
                if 0 <= at < len(self._places):
                    window[row] = self._places[at]
            yield cut(self._waiting.popleft(), *np.median(window, axis=0))
            self._cut += 1

    def _followed(self, boxes: Boxes) -> Boxes | None:
        """The box that continues the track: the first that overlaps its last one; to begin with the largest."""
        if not len(boxes):
            return None
        if self._last is None:
            self._last = np.asarray(boxes[(boxes[:, 2:] - boxes[:, :2]).prod(axis=1).argmax()])
            return self._last
        for box in boxes:
            if _overlap(box, self._last) > SAME_FACE:
                self._last = np.asarray(box)
                return self._last
        return None


def cut(frame: Frame, x: float, y: float, half: float) -> Frame:
    """The face around a box's centre, as 224 x 224; half a box above the centre, its margin below and beside it.

    Args:
        half: half of the box's longer side, in pixels.
    """
    around = int(half * (1 + 2 * MARGIN))
    padded = np.pad(frame, ((around, around), (around, around), (0, 0)), constant_values=_GREY)
    x, y = x + around, y + around
    rows = slice(max(0, int(y - half)), int(y + half * (1 + 2 * MARGIN)))
    columns = slice(max(0, int(x - half * (1 + MARGIN))), int(x + half * (1 + MARGIN)))
    face = padded[rows, columns]
    if not face.size:
        raise Unmeasurable("the face is too small to be cut out")
    return np.asarray(cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _place(box: Boxes) -> Place:
    """Centre and half of the longer side."""
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, max(box[2] - box[0], box[3] - box[1]) / 2])


def _overlap(one: Boxes, other: Boxes) -> float:
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    common = float(sides.prod())
    union = float((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()) - common
    return common / union if union > 0 else 0.0
