"""Sharpness and noise at four frames of a clip, and how far they drift: what is measured of the generated clip alone.

The supplement of *Narrating For You* shows frames 1, 25, 50 and 100 for the claim that no noise is gained. Sharpness is
the variance of the Laplacian (Pech-Pacheco et al. 2000), in dB. Noise is the deviation of a high-pass that ignores
edges of straight lines (Immerkaer 1996), by the median of absolute values, so that texture in less than half of the
frame counts little; in grey levels. Both look at luma (BT.601).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.score import Score

_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_KERNEL_NORM = 6.0
_NORMAL_MAD = 1.4826
"""Deviation of normal values over the median of their absolute values."""
_FLAT = 1e-3
"""Variance of the Laplacian, grey levels squared: below it there is nothing that could be sharp."""


@dataclass(frozen=True)
class FrameMarksConfig(Configuration):
    """Which frames.

    Attributes:
        last: number of the last frame looked at, counted from 1; the others are the first, and those at a quarter and
            at half of it.
    """

    last: Annotated[int, Range(4, 1_000_000)] = 100

    @property
    def marks(self) -> tuple[int, int, int, int]:
        """Numbers of the four frames, counted from 1."""
        return 1, self.last // 4, self.last // 2, self.last


class _MarkObserver(ClipObserver):
    def __init__(self, marks: tuple[int, ...]) -> None:
        self._marks = marks
        self._seen = 0
        self._found: list[tuple[float, float]] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for mark in self._marks:
            if self._seen < mark <= self._seen + len(frames):
                self._found.append(sharpness_and_noise(frames[mark - 1 - self._seen]))
        self._seen += len(frames)

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._seen:
            raise Unmeasurable("the clip has no frames")
        sharpness, noise = np.array(self._found).T
        return {"sharpness": sharpness, "noise": noise, "frames": np.array(self._seen)}


def sharpness_and_noise(frame: NDArray[np.uint8]) -> tuple[float, float]:
    """Variance of the Laplacian and noise of one RGB frame, uint8 [H, W, 3], in squared and in single grey levels."""
    luma = cv2.cvtColor(frame.astype(np.float32), cv2.COLOR_RGB2GRAY)  # in steps finer than the grey levels of 8 bits
    if min(luma.shape) < 3:
        raise Unmeasurable(f"the frames have {frame.shape[1]} x {frame.shape[0]} pixels, at least 3 x 3 are needed")
    high = cv2.filter2D(luma, cv2.CV_32F, _KERNEL)[1:-1, 1:-1]
    noise = _NORMAL_MAD * float(np.median(np.abs(high))) / _KERNEL_NORM
    return float(np.var(cv2.Laplacian(luma, cv2.CV_32F)[1:-1, 1:-1], dtype=np.float64)), noise


class _Marked(PairedMetric):
    """A number of the four frames of the generated clip; its reference plays no part."""

    reference_free: ClassVar[bool] = True
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    statistics_kind = "frame-marks"

    def observe(self) -> ClipObserver:
        return _MarkObserver(self.config.marks)

    def score(self, pairs: Mapping[str, Statistics], failed: Mapping[str, str] | None = None) -> Score:
        """The mean over clips with its interval; the means at each frame are among the details."""
        score = super().score(pairs, failed)
        whole = [pair["levels"] for pair in pairs.values() if len(pair["levels"]) == len(self.config.marks)]
        if score.value is None or not whole:
            return score
        means = np.mean(whole, axis=0).tolist()
        told = {f"frame_{mark}": mean for mark, mean in zip(self.config.marks, means, strict=True)}
        return replace(score, details={**score.details, **told})

    def _drift(self, levels: NDArray[np.float64], frames: int) -> Statistics:
        if frames < self.config.last:
            raise Unmeasurable(f"it has {frames} frames, and frame {self.config.last} is looked at")
        return {"value": np.array(levels[-1] - levels[0]), "levels": levels}


class Sharpness(_Marked):
    """Sharpness in dB, of the mean variance of the Laplacian over those of the four frames that there are."""

    name, title, unit = "sharpness", "Sharpness", "dB"
    higher_is_better = True
    conventions: ClassVar[dict[str, FrameMarksConfig]] = {"sharpness": FrameMarksConfig()}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's under "value", in dB, and that of each frame under "levels"."""
        return {"value": _decibels(np.mean(generated["sharpness"])), "levels": _decibels(generated["sharpness"])}


class SharpnessDrift(_Marked):
    """How far the last of the four frames is sharper than the first, in dB."""

    name, title, unit = "sharpness-drift", "Sharpness drift", "dB"
    higher_is_better = True
    conventions: ClassVar[dict[str, FrameMarksConfig]] = {"sharpness-drift": FrameMarksConfig()}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's under "value", and the sharpness of each frame in dB under "levels"."""
        return self._drift(_decibels(generated["sharpness"]), int(generated["frames"]))


class NoiseDrift(_Marked):
    """How much noisier the last of the four frames is than the first, in grey levels."""

    name, title, unit = "noise-drift", "Noise drift", "grey levels"
    higher_is_better = False
    conventions: ClassVar[dict[str, FrameMarksConfig]] = {"noise-drift": FrameMarksConfig()}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's under "value", and the noise of each frame under "levels"."""
        return self._drift(generated["noise"], int(generated["frames"]))


def _decibels(variance: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    if np.min(variance) < _FLAT:
        raise Unmeasurable("a frame is flat, so that nothing of it could be sharp")
    return np.asarray(10 * np.log10(variance))
