"""LSE-C and LSE-D (Prajwal et al. 2020, Wav2Lip, arXiv 2008.10010): how close SyncNet finds lips and words to lie.

The protocol is that of Wav2Lip's `evaluation/scores_LSE` at 5c90fa9, which is SyncNet's demonstration: 25 fps, the face
as 224 x 224 BGR of 0..255, 13 MFCCs of 16-bit sound at 16 kHz, windows of 5 frames and 20 cepstra, one each frame, and
shifts of the sound by up to 15 frames, with features of zeros beyond its ends. LSE-D is the least mean distance, LSE-C
the median over the shifts less that. Scores are means over clips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from metrics.audio.waveform import Waveform, checked, held, resampled
from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.batching import Blocks
from metrics.sync.face_track import FaceTrack
from metrics.sync.mfcc import SAMPLE_RATE, as_int16, mfcc
from metrics.sync.s3fd import WEIGHTS as S3FD_WEIGHTS
from metrics.sync.s3fd import faces, s3fd
from metrics.sync.syncnet import CEPSTRA, FRAMES, SIDE, distances, syncnet
from metrics.sync.syncnet import WEIGHTS as SYNCNET_WEIGHTS
from metrics.video.face_finder import WEIGHTS as FINDER_WEIGHTS
from metrics.video.face_finder import FaceFinder

Crop = Literal["s3fd", "blazeface", "frame"]
_CROP_WEIGHTS: dict[Crop, tuple[str, ...]] = {"s3fd": (S3FD_WEIGHTS,), "blazeface": FINDER_WEIGHTS, "frame": ()}
_SAMPLES = 640
"""Of sound for each frame."""
_TOLERANCE = 0.2
BLOCK = 4


@dataclass(frozen=True)
class LipSyncConfig(Configuration):
    """One convention.

    Attributes:
        value: "confidence" is LSE-C, "distance" LSE-D.
        crop: what finds the face: "s3fd" as in the reference, or "blazeface", which needs no weights of the user's; a
            clip of faces that are cut out already is taken as it is with "frame".
        shifts: frames by which the sound is shifted to either side at the most.
    """

    value: Literal["confidence", "distance"] = reduction_field("confidence")
    crop: Crop = "s3fd"
    shifts: Annotated[int, Range(1, 100)] = 15


CONVENTIONS = {
    "lse-c": LipSyncConfig(),
    "lse-d": LipSyncConfig("distance"),
    "lse-c-blazeface": LipSyncConfig(crop="blazeface"),
    "lse-d-blazeface": LipSyncConfig("distance", crop="blazeface"),
}
"""Registry name to convention."""


class LipSyncObserver(ClipObserver):
    """SyncNet's features of each window of frames as they come; the sound is measured at the end."""

    def __init__(self, config: LipSyncConfig, device: str) -> None:
        self._config, self._device = config, device
        self._network = syncnet(device)
        self._track = FaceTrack(_finder(config.crop, device)) if config.crop != "frame" else None
        self._blocks = Blocks(self._network.lips, BLOCK)
        self._window: list[torch.Tensor] = []
        self._frames = self._crops = 0
        self._heard: tuple[Waveform, int] | None = None

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for frame in frames:
            self._frames += 1
            whole = [] if self._track else [cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)]
            for crop in self._track.crops(frame) if self._track else whole:
                self._take(crop)

    def waveform(self, waveform: Waveform, sample_rate: int) -> None:
        self._heard = held(waveform), sample_rate

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _take(self, crop: NDArray[np.uint8]) -> None:
        self._crops += 1
        bgr = torch.from_numpy(np.ascontiguousarray(crop[:, :, ::-1])).permute(2, 0, 1).float()
        self._window = [*self._window[-FRAMES + 1 :], bgr]
        if len(self._window) == FRAMES:
            self._blocks.add(torch.stack(self._window, dim=1)[None].to(self._device))

    def _measured(self) -> Statistics:
        for crop in self._track.rest() if self._track else ():
            self._take(crop)
        start = self._track.first or 0 if self._track else 0
        samples = self._sound()[start * _SAMPLES :]
        # As the reference counts: the last window that would fit is left out.
        windows = min(self._crops, len(samples) // _SAMPLES) - FRAMES
        if windows < 1:
            raise Unmeasurable(f"{self._crops} frames of a face are too few: {FRAMES + 1} are needed, with their sound")
        lips = torch.from_numpy(self._blocks.results()[:windows])
        # The reference cuts the sound to the track before it measures it.
        sound = self._sound_features(samples[: self._crops * _SAMPLES], windows)
        return {"distances": distances(lips, sound, self._config.shifts).numpy()}

    def _sound(self) -> NDArray[np.int16]:
        if self._heard is None:
            raise Unmeasurable("the clip has no audio")
        waveform, rate = self._heard
        sound = checked(waveform, rate, FRAMES / 25)
        seconds = len(sound) / rate
        if not 1 - _TOLERANCE < self._frames / 25 / seconds < 1 + _TOLERANCE:
            raise Unmeasurable(
                f"{self._frames} frames beside {seconds:.2f} s of sound are not 25 fps, which LSE needs (protocol.fps)"
            )
        return as_int16(resampled(sound, rate, SAMPLE_RATE))

    def _sound_features(self, samples: NDArray[np.int16], windows: int) -> torch.Tensor:
        cepstra = torch.from_numpy(mfcc(samples).T.astype(np.float32))
        blocks = Blocks(self._network.sound, BLOCK)
        for frame in range(windows):
            blocks.add(cepstra[None, None, :, 4 * frame : 4 * frame + CEPSTRA].to(self._device))
        return torch.from_numpy(blocks.results())


class LipSyncError(PairedMetric):
    """LSE-C (confidence, higher is better) or LSE-D (distance, lower is better) of each generated clip.

    The reference clip is not looked at. Per clip: the mean distance at each shift, float32 [2 shifts + 1].

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use, if the networks' weights are not here; no package registry carries them.
    """

    name, title = "lse-c", "LSE-C"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video", "audio"})
    statistics_kind = "syncnet"
    reference_free: ClassVar[bool] = True
    conventions = CONVENTIONS

    @property
    def weights(self) -> tuple[str, ...]:
        return (SYNCNET_WEIGHTS, *_CROP_WEIGHTS[self.config.crop])

    @property
    def higher_is_better(self) -> bool:
        return bool(self.config.value == "confidence")

    def observe(self) -> LipSyncObserver:
        return LipSyncObserver(self.config, str(self.device))

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's own number under "value"."""
        found = generated["distances"].astype(np.float64)
        least = float(found.min())
        return {"value": np.array(least if self.config.value == "distance" else float(np.median(found)) - least)}


def _finder(crop: Crop, device: str) -> Callable[[NDArray[np.uint8]], NDArray[np.float64]]:
    if crop == "s3fd":
        network = s3fd(device)
        return lambda frame: faces(network, frame, device)
    finder = FaceFinder()

    def found(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
        box = finder.find(frame)
        return np.zeros((0, 4)) if box is None else box[None].astype(np.float64)

    return found
