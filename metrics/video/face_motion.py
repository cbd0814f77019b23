"""How a face moves beside the words: how often it blinks and how far the head turns, compared with the reference."""

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
from metrics.base.signature import reduction_field
from metrics.video.face_mesh import WEIGHTS, FaceMeshTracker

Floats = NDArray[np.float64]

FPS = 25
_FEWEST = 13
"""Frames with a face: half a second."""
_EYES = (((33, 133), ((160, 144), (158, 153))), ((362, 263), ((385, 380), (387, 373))))
"""Of each eye its corners, and twice a point of the upper and of the lower lid."""
_RIGID = (1, 4, 5, 6, 10, 33, 67, 109, 133, 151, 168, 197, 263, 297, 338, 362)
"""Points of nose, forehead and eye corners, which speech and expression hardly move."""


@dataclass(frozen=True)
class BlinkRateConfig(Configuration):
    """What a blink is, in a clip of 25 frames a second.

    Attributes:
        closed: share of the clip's median opening below which an eye is closing.
        shortest, longest: frames that it stays so.
    """

    closed: Annotated[float, Range(0.05, 0.95)] = reduction_field(0.6)
    shortest: Annotated[int, Range(1, 25)] = reduction_field(2)
    longest: Annotated[int, Range(2, 250)] = reduction_field(12)


@dataclass(frozen=True)
class HeadMotionConfig(Configuration):
    """The one convention.

    Attributes:
        tail: percent of the frames on either end of each angle's range that do not count.
    """

    tail: Annotated[float, Range(0, 40)] = reduction_field(5.0)


class _MeshObserver(ClipObserver):
    """Opening of the eyes and turn of the head, frame by frame; memory grows by four numbers a frame."""

    def __init__(self) -> None:
        self._tracker = FaceMeshTracker()
        self._first: Floats | None = None
        self._rows: list[tuple[float, ...]] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for frame in frames:
            mesh = self._tracker.track(frame)
            if mesh is None:
                self._rows.append((math.nan,) * 4)
                continue
            points = mesh.astype(np.float64)
            self._first = points if self._first is None else self._first
            self._rows.append((_opening(points), *_turn(self._first[list(_RIGID)], points[list(_RIGID)])))

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._rows:
            raise Unmeasurable("the clip has no frames")
        rows = np.array(self._rows)
        found = int(np.isfinite(rows[:, 0]).sum())
        if found < max(_FEWEST, len(rows) / 2):
            raise Unmeasurable(f"a face is found in {found} of {len(rows)} frames")
        return {"opening": rows[:, 0], "turn": rows[:, 1:]}


class FaceMotion(PairedMetric):
    """The difference between a number of the generated clip and the same of its reference, at least 0; lower is better.

    Per clip: "opening" float64 [T], height over width of the eyes, and "turn" float64 [T, 3], by how many degrees
    around x, y and z the head is turned from where it was first seen; NaN in frames without a face.

    The pictures should have 25 frames a second.
    """

    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})

    @property
    def statistics_kind(self) -> str:
        return "face-motion"

    @property
    def weights(self) -> tuple[str, ...]:
        return WEIGHTS

    def observe(self) -> _MeshObserver:
        return _MeshObserver()

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The difference under "value", and the generated clip's own number under "generated"."""
        wanted, found = self._number(reference), self._number(generated)
        return {"value": np.array(abs(found - wanted)), "generated": np.array(found)}

    def _number(self, clip: Statistics) -> float:
        raise NotImplementedError


class BlinkRate(FaceMotion):
    """How many blinks a minute the generated clip has more or less than its reference.

    A clip of a few seconds has one blink or none: the mean over many clips says something, a single one does not.

    Args:
        name: "blink-rate", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "blink-rate", "Blink rate", "1/min"
    conventions: ClassVar[Mapping[str, Any]] = {"blink-rate": BlinkRateConfig()}

    def _number(self, clip: Statistics) -> float:
        return 60 * FPS * blinks(clip["opening"], self.config) / len(clip["opening"])


class HeadMotion(FaceMotion):
    """How far the range of the head's turns is from the reference's, in degrees.

    The range is that of the angles around the three axes, each without its tails, as one length.

    Args:
        name: "head-motion", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "head-motion", "Head motion", "degrees"
    conventions: ClassVar[Mapping[str, Any]] = {"head-motion": HeadMotionConfig()}

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


def _opening(points: Floats) -> float:
    """Height over width of the eyes (Soukupova and Cech 2016), the mean of both."""
    ratios = [
        np.mean([np.linalg.norm(points[upper] - points[lower]) for upper, lower in lids])
        / np.linalg.norm(points[inner] - points[outer])
        for (inner, outer), lids in _EYES
    ]
    return float(np.mean(ratios))


def _turn(first: Floats, points: Floats) -> Floats:
    """The rotation in degrees, as a vector [3], that best turns the first points [N, 3] to these (Kabsch 1976)."""
    a, b = first - first.mean(axis=0), points - points.mean(axis=0)
    u, _, v = np.linalg.svd(a.T @ b)
    flip = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(u @ v)))])
    return np.asarray(np.degrees(cv2.Rodrigues((u @ flip @ v).T)[0].reshape(3)), np.float64)
