"""How far the eyes of a clip are open and how far their gaze wanders: what is measured of the generated clip alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.video.eye_finder import WEIGHTS, EyeFinder

_SHUT = 0.12
"""Eye aspect ratio below which an iris is hidden, so that nobody knows where the eye looks."""
_FEWEST_GAZES = 5


@dataclass(frozen=True)
class EyesConfig(Configuration):
    """Which frames are looked at.

    Attributes:
        stride: every so many frames, from the first on.
        found: share of these frames in which a face must be found.
    """

    stride: Annotated[int, Range(1, 1000)] = 5
    found: Annotated[float, Range(0, 1)] = 0.5


class _EyeObserver(ClipObserver):
    def __init__(self, stride: int) -> None:
        self._stride = stride
        self._finder = EyeFinder()
        self._next = self._seen = 0
        self._rows: list[tuple[float, float, float]] = []

    def frames(self, frames: NDArray[np.uint8]) -> None:
        while self._next < self._seen + len(frames):
            eyes = self._finder.find(frames[self._next - self._seen])
            self._rows.append((np.nan,) * 3 if eyes is None else (eyes.opening, eyes.across, eyes.down))
            self._next += self._stride
        self._seen += len(frames)

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._rows:
            raise Unmeasurable("the clip has no frames")
        opening, across, down = np.array(self._rows).T
        return {"opening": opening, "gaze": np.stack([across, down], axis=1)}


class _OfEyes(PairedMetric):
    """A number of the eyes of the generated clip; its reference plays no part.

    Per clip: "opening" float64 [T] and "gaze" float64 [T, 2], NaN in frames without a face.
    """

    reference_free: ClassVar[bool] = True
    higher_is_better = True
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    statistics_kind = "eyes"

    @property
    def weights(self) -> tuple[str, ...]:
        return WEIGHTS

    def observe(self) -> ClipObserver:
        return _EyeObserver(self.config.stride)

    def _seen(self, generated: Statistics) -> NDArray[np.bool_]:
        """The frames with a face, bool [T]."""
        seen = np.isfinite(generated["opening"])
        if not seen.any() or seen.mean() < self.config.found:
            raise Unmeasurable(f"a face is found in {int(seen.sum())} of {len(seen)} frames")
        return np.asarray(seen)


class EyeOpening(_OfEyes):
    """Mean eye aspect ratio of the generated clip: height over width, of both eyes."""

    name, title = "eye-opening", "Eye opening"
    limits: ClassVar[tuple[float, float]] = (0.0, np.inf)
    conventions: ClassVar[dict[str, EyesConfig]] = {"eye-opening": EyesConfig()}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's under "value"."""
        return {"value": np.array(generated["opening"][self._seen(generated)].mean())}


class GazeSpread(_OfEyes):
    """How far the gaze wanders in the generated clip: degrees, root mean square around its mean, of both axes."""

    name, title, unit = "gaze-spread", "Gaze spread", "deg"
    limits: ClassVar[tuple[float, float]] = (0.0, np.inf)
    conventions: ClassVar[dict[str, EyesConfig]] = {"gaze-spread": EyesConfig()}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's under "value"."""
        seen = self._seen(generated)
        looking = generated["gaze"][seen & (np.nan_to_num(generated["opening"]) >= _SHUT)]
        if len(looking) < _FEWEST_GAZES:
            raise Unmeasurable(f"the eyes are open in {len(looking)} frames, at least {_FEWEST_GAZES} are needed")
        return {"value": np.array(np.sqrt(looking.var(axis=0).sum()))}
