"""Frechet audio distance (FAD) on a choice of embeddings, each under its own name.

Kilgour, Zuluaga, Roblek and Sharifi, "Frechet audio distance: a metric for evaluating music enhancement algorithms",
2018. Numbers on different embeddings have different scales and do not compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch

from metrics.audio.embeddings.embedding import Embedding
from metrics.audio.embeddings.ge2e import GE2E
from metrics.audio.embeddings.mn04 import MN04
from metrics.audio.embeddings.openwakeword import OpenWakeWord
from metrics.audio.embeddings.packaged import Packaged
from metrics.audio.embeddings.vggish import FADTK, GUDGUD96, VGGish
from metrics.audio.waveform import Waveform, WaveformObserver
from metrics.base.metric import Modality, Statistics
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.frechet.metric import FrechetMetric


@dataclass(frozen=True)
class FrechetAudioDistanceConfig(Configuration):
    """One convention.

    Attributes:
        embedding: what turns sound into vectors.
        ddof: 1 divides covariances by n - 1.
        native_audio: take the sound at the file's own sample rate, as a package that reads files does, instead of at
            the protocol's.
    """

    embedding: Embedding
    ddof: Annotated[int, Range(0, 1)] = reduction_field(1)
    native_audio: bool = False


CONVENTIONS = {
    "fad": FrechetAudioDistanceConfig(VGGish()),
    "fad-gudgud96": FrechetAudioDistanceConfig(GUDGUD96, native_audio=True),
    "fad-fadtk": FrechetAudioDistanceConfig(FADTK, native_audio=True),
    "fad-ge2e": FrechetAudioDistanceConfig(GE2E()),
    "fad-speech": FrechetAudioDistanceConfig(OpenWakeWord()),
    "fad-mn04": FrechetAudioDistanceConfig(MN04()),
    "fad-clap": FrechetAudioDistanceConfig(Packaged("clap"), native_audio=True),
    "fad-pann": FrechetAudioDistanceConfig(Packaged("pann"), native_audio=True),
    "fad-encodec": FrechetAudioDistanceConfig(Packaged("encodec"), native_audio=True),
}
"""Registry name to convention.

`fad` is Google's: VGGish with its last ReLU, windows of 1 s every 0.5 s, loudness normalised. `fad-gudgud96` and
`fad-fadtk` follow those packages, resampling, 16-bit files and float16 vectors included; fadtk's float16 means are not
(2e-5 of the distance). What is named after a package gets the sound at the file's own rate. `fad-ge2e` looks at the
voice, `fad-speech` at speech sounds, `fad-mn04` at sound in general.
"""


class FrechetAudioDistance(FrechetMetric):
    """Frechet distance between the embeddings of two sets of clips, at least 0, lower is better.

    Per clip: vectors [k, d], float32 (float16 for `fad-fadtk`). Its networks run on the metric's device.

    Example:
        >>> import torch
        >>> metric = FrechetAudioDistance("fad-ge2e")
        >>> clips = torch.randn(4, 32000, generator=torch.Generator().manual_seed(0)) * 0.1
        >>> metric.update(clips, real=True, sample_rate=16000)
        >>> metric.update(clips, real=False, sample_rate=16000)
        >>> metric.compute().round(decimals=6)
        tensor(0., dtype=torch.float64)

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsMissing: on first use, if the weights are not here and cannot be fetched.
    """

    name, title = "fad", "FAD"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    minimum_clips = 50
    statistics_kind = "audio-embedding"
    conventions = CONVENTIONS

    @property
    def weights(self) -> tuple[str, ...]:
        return tuple(self.config.embedding.weights)

    @property
    def dimension(self) -> int:
        return int(self.config.embedding.dimension)

    @property
    def longest_sound(self) -> float:  # type: ignore[override]
        return float(self.config.embedding.longest)

    def prepare(self) -> None:
        super().prepare()
        self.config.embedding.prepare()

    def observe(self) -> WaveformObserver:
        return WaveformObserver(self._measure)

    def _measure(self, waveform: Waveform, sample_rate: int) -> Statistics:
        return {"features": self.config.embedding.vectors(waveform, sample_rate, torch.device(self.device))}
