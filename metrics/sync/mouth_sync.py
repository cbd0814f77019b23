"""Whether the mouth moves with the words, and how far behind: from a face mesh and the sound's bands.

It needs no network that was trained on synchronisation, so that it runs everywhere; it is no LSE and is not called so.
`docs/sync.md` says how often it finds a shift of the sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.audio.waveform import Waveform, checked, held
from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.sync.lag import agreement
from metrics.sync.mouth import Floats, mouth_shape, without_gaps
from metrics.sync.speech import levels
from metrics.video.face_mesh import WEIGHTS, FaceMeshTracker

FPS = 25.0
SHORTEST = 1.0
"""Seconds."""
TOLERANCE = 0.2
"""How far a clip's frames may be from 25 for each second of its sound, as a share: an end of silence, not a rate."""


@dataclass(frozen=True)
class MouthSyncConfig(Configuration):
    """One number of three.

    Attributes:
        value: "confidence", by how much the best lag stands out of all lags; "lag", the best lag itself, in seconds
            without its sign; "correlation" of mouth and sound as they are played.
        reach: frames of 40 ms to either side in which the lag is looked for.
    """

    value: Literal["confidence", "lag", "correlation"] = reduction_field("confidence")
    reach: Annotated[int, Range(5, 100)] = 20


CONVENTIONS = {
    "mouth-sync": MouthSyncConfig(),
    "mouth-sync-lag": MouthSyncConfig(value="lag"),
    "mouth-sync-r": MouthSyncConfig(value="correlation"),
}
"""Registry name to number."""


def sync_curve(mouth: Floats, waveform: Waveform, sample_rate: int, reach: int) -> Floats:
    """`metrics.sync.lag.agreement` of mouth shapes [T, 3] at 25 fps and the sound beside them, float64 [2 reach + 1].

    Raises:
        Unmeasurable: the clip is too short or silent, or pictures and sound do not last equally long.
    """
    sound = checked(waveform, sample_rate, SHORTEST)
    seconds = len(sound) / sample_rate
    if not 1 - TOLERANCE < len(mouth) / FPS / seconds < 1 + TOLERANCE:
        raise Unmeasurable(
            f"{len(mouth)} frames beside {seconds:.2f} s of sound are not {FPS:g} fps, which mouth-sync needs "
            "(protocol.fps)"
        )
    frames = min(len(mouth), int(seconds * FPS))
    if frames < 2 * reach + FPS / 2:
        raise Unmeasurable(f"{frames} frames are too few for lags of up to {reach}: {2 * reach + 13} are needed")
    loudness, bands = levels(sound, sample_rate, frames, FPS)
    return agreement(mouth[:frames], loudness, bands, reach, FPS)


class MouthObserver(ClipObserver):
    """Mouth shapes frame by frame, and the sound; memory grows by three numbers a frame."""

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._tracker = FaceMeshTracker()
        self._shapes: list[Floats | None] = []
        self._heard: tuple[Waveform, int] | None = None

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for frame in frames:
            points = self._tracker.track(frame)
            self._shapes.append(None if points is None else mouth_shape(points))

    def waveform(self, waveform: Waveform, sample_rate: int) -> None:
        self._heard = held(waveform), sample_rate

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        mouth = without_gaps(self._shapes)
        if self._heard is None:
            raise Unmeasurable("the clip has no audio")
        return {
            "curve": sync_curve(mouth, *self._heard, self._reach),
            "opening": mouth[:, 0].astype(np.float32),
        }


class MouthSync(PairedMetric):
    """Synchrony of mouth and speech of each generated clip; its reference is not looked at.

    Per clip: the agreement at each lag, float64 [2 reach + 1], see `metrics.sync.lag`, and, to
    be looked at, the mouth's opening in distances between the eyes, float32 [T]. From the agreement "confidence" (0..2,
    higher is better), "lag" in seconds (lower is better) or "correlation" (-1..1, higher is better).

    The pictures must have 25 frames a second. `chance`, real clips of others, is as much in sync as the ceiling.

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use, if the networks that find the mouth cannot be had.
    """

    name, title = "mouth-sync", "MOUTH-SYNC"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video", "audio"})
    statistics_kind = "mouth-sync"
    longest_sound = 3600.0
    reference_free: ClassVar[bool] = True
    conventions = CONVENTIONS

    @property
    def weights(self) -> tuple[str, ...]:
        return WEIGHTS

    @property
    def higher_is_better(self) -> bool:
        return bool(self.config.value != "lag")

    @property
    def unit(self) -> str:  # type: ignore[override]  # follows from the configuration
        return "s" if self.config.value == "lag" else ""

    @property
    def limits(self) -> tuple[float, float]:  # type: ignore[override]  # likewise
        return (0.0, self.config.reach / FPS) if self.config.value == "lag" else (-1.0, 2.0)

    def observe(self) -> MouthObserver:
        return MouthObserver(self.config.reach)

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's own number under "value"."""
        curve = generated["curve"]
        reach = len(curve) // 2
        best = int(np.argmax(curve))
        found = {
            "confidence": float(curve[best] - np.median(curve)),
            "lag": abs(best - reach) / FPS,
            "correlation": float(curve[reach]),
        }
        return {"value": np.array(found[self.config.value])}
