"""How a face moves beside the words: how often it blinks and how far the head turns, compared with the reference."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.video.eye_finder import WEIGHTS as EYE_WEIGHTS
from metrics.video.eye_finder import EyeFinder
from metrics.video.face_mesh import WEIGHTS as MESH_WEIGHTS
from metrics.video.face_mesh import FaceMeshTracker

Floats = NDArray[np.float64]

FPS = 25
_FEWEST = 13
"""Frames with a face: half a second."""
_RIGID = (1, 4, 5, 6, 10, 33, 67, 109, 133, 151, 168, 197, 263, 297, 338, 362)
"""Points of nose, forehead and eye corners, which speech and expression hardly move."""


@dataclass(frozen=True)
class BlinkRateConfig(Configuration):
    """What a blink is, in a clip of 25 frames a second.

    Attributes:
        closed: share of the clip's median opening below which eyes are shut.
        shortest, longest: frames that it stays so.
    """

    closed: Annotated[float, Range(0.05, 0.95)] = reduction_field(0.5)
    shortest: Annotated[int, Range(1, 25)] = reduction_field(2)
    longest: Annotated[int, Range(2, 250)] = reduction_field(12)


@dataclass(frozen=True)
class HeadMotionConfig(Configuration):
    """The one convention.

    Attributes:
        tail: percent of the frames on either end of each angle's range that do not count.
    """

    tail: Annotated[float, Range(0, 40)] = reduction_field(5.0)


class _FrameObserver(ClipObserver):
    """Some numbers of each frame with a face; memory grows by these.

    Args:
        name: what the numbers are called.
        look: numbers, or None where there is no face.
    """

    def __init__(self, name: str, look: Callable[[NDArray[np.uint8]], tuple[float, ...] | None]) -> None:
        self._name = name
        self._look = look
        self._rows: list[tuple[float, ...] | None] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        self._rows += [self._look(frame) for frame in frames]

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._rows:
            raise Unmeasurable("the clip has no frames")
        found = [row for row in self._rows if row is not None]
        if len(found) < max(_FEWEST, len(self._rows) / 2):
            raise Unmeasurable(f"a face is found in {len(found)} of {len(self._rows)} frames")
        nobody = (math.nan,) * len(found[0])
        return {self._name: np.array([nobody if row is None else row for row in self._rows])}


class FaceMotion(PairedMetric):
    """The difference between a number of the generated clip and the same of its reference, at least 0; lower is better.

    The pictures should have 25 frames a second.
    """

    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The difference under "value", and the generated clip's own number under "generated"."""
        wanted, found = self._number(reference), self._number(generated)
        return {"value": np.array(abs(found - wanted)), "generated": np.array(found)}

    @abstractmethod
    def _number(self, clip: Statistics) -> float:
        """What is compared, of one clip."""


class BlinkRate(FaceMotion):
    """How many blinks a minute the generated clip has more or less than its reference.

    Per clip: "opening" float64 [T, 1], height over width of the eyes by MediaPipe's iris network, NaN in frames without
    a face. A clip of a few seconds has one blink or none: the mean over many clips says something, a single one does
    not.

    Args:
        name: "blink-rate", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "blink-rate", "Blink rate", "1/min"
    conventions: ClassVar[Mapping[str, Any]] = {"blink-rate": BlinkRateConfig()}

    @property
    def weights(self) -> tuple[str, ...]:
        return EYE_WEIGHTS

    def observe(self) -> ClipObserver:
        finder = EyeFinder()

        def opening(frame: NDArray[np.uint8]) -> tuple[float, ...] | None:
            eyes = finder.find(frame)
            return None if eyes is None else (eyes.opening,)

        return _FrameObserver("opening", opening)

    def _number(self, clip: Statistics) -> float:
        return 60 * FPS * blinks(clip["opening"][:, 0], self.config) / len(clip["opening"])


class HeadMotion(FaceMotion):
    """How far the range of the head's turns is from the reference's, in degrees.

    The range is that of the angles around the three axes, each without its tails, as one length. Per clip: "turn"
    float64 [T, 3], by how many degrees around x, y and z the head is turned from where it was first seen, NaN in frames
    without a face.

    Args:
        name: "head-motion", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "head-motion", "Head motion", "degrees"
    conventions: ClassVar[Mapping[str, Any]] = {"head-motion": HeadMotionConfig()}

    @property
    def weights(self) -> tuple[str, ...]:
        return MESH_WEIGHTS

    def observe(self) -> ClipObserver:
        tracker, first = FaceMeshTracker(), list[Floats]()

        def turn(frame: NDArray[np.uint8]) -> tuple[float, ...] | None:
            mesh = tracker.track(frame)
            if mesh is None:
                return None
            points = mesh[list(_RIGID)].astype(np.float64)
            first[:] = first or [points]
            return tuple(_turn(first[0], points).tolist())

        return _FrameObserver("turn", turn)

    def _number(self, clip: Statistics) -> float:
        turns = clip["turn"][np.isfinite(clip["turn"][:, 0])]
        low, high = np.percentile(turns, (self.config.tail, 100 - self.config.tail), axis=0)
        return float(np.linalg.norm(high - low))


def blinks(opening: Floats, config: BlinkRateConfig) -> int:
    """How often eyes shut, from their openings, float64 [T], NaN where no face was found."""
    shut = opening < config.closed * float(np.nanmedian(opening))  # NaN is not
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shut, [False]])))
    lengths = edges[1::2] - edges[::2]
    return int(np.sum((lengths >= config.shortest) & (lengths <= config.longest)))


def _turn(first: Floats, points: Floats) -> Floats:
    """The rotation in degrees, as a vector [3], that best turns the first points [N, 3] to these (Kabsch 1976)."""
    a, b = first - first.mean(axis=0), points - points.mean(axis=0)
    u, _, v = np.linalg.svd(a.T @ b)
    flip = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(u @ v)))])
    return np.asarray(np.degrees(cv2.Rodrigues((u @ flip @ v).T)[0].reshape(3)), np.float64)
