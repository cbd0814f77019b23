"""Mel-cepstral distortion (MCD), the canonical form and the conventions in circulation under other names.

MCD = 10 sqrt(2) / ln 10 * mean over aligned frames of |c - c'|, in dB (Kubichek, "Mel-cepstral distance measure for
objective speech quality assessment", 1993).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.audio.cepstral_features import LogMelCepstrum, WorldMelCepstrum
from metrics.audio.dtw import exact_dtw, fast_dtw_path
from metrics.audio.waveform import Waveform, WaveformObserver, checked, resampled
from metrics.base.conventions import convention
from metrics.base.metric import Modality, PairedMetric, Statistics
from metrics.base.signature import reduction_field

DECIBEL = 10 * math.sqrt(2) / math.log(10)
SHORTEST = 0.1  # seconds


@dataclass(frozen=True)
class MelCepstralDistortionConfig:
    """One convention.

    Attributes:
        features: how mel-cepstra are computed.
        sample_rate: Hz to resample to first; None keeps the protocol's.
        alignment: of the frames: exact dynamic time warping ("dtw") or the FastDTW approximation, both by c1 and
            higher; or "none", frame by frame with the shorter waveform padded with zeros.
        energy: whether the distance includes c0, which is the level.
        length_penalty: multiply by the longer over the shorter number of frames.
    """

    features: WorldMelCepstrum | LogMelCepstrum = field(default_factory=WorldMelCepstrum)
    sample_rate: int | None = None
    alignment: Literal["dtw", "fastdtw", "none"] = "dtw"
    energy: bool = reduction_field(False)
    length_penalty: bool = reduction_field(False)

    def __post_init__(self) -> None:
        if self.alignment == "dtw" and self.energy:
            raise ValueError("alignment='dtw' requires energy=False; use alignment='fastdtw' to include c0.")


_PYMCD = WorldMelCepstrum(unit_power=False, fft_size=512, warping=0.65, power_as_amplitude=True)

CONVENTIONS = {
    "mcd": MelCepstralDistortionConfig(),
    "mcd-80": MelCepstralDistortionConfig(LogMelCepstrum()),
    "mcd-pymcd-plain": MelCepstralDistortionConfig(_PYMCD, 22050, "none", energy=True),
    "mcd-pymcd-dtw": MelCepstralDistortionConfig(_PYMCD, 22050, "fastdtw", energy=True),
    "mcd-pymcd-dtw-sl": MelCepstralDistortionConfig(_PYMCD, 22050, "fastdtw", energy=True, length_penalty=True),
}
"""Registry name to convention. `mcd` is ours: WORLD's envelope taken as the power that it is, level-free, no c0, exact
alignment. `mcd-pymcd-*` equal pymcd 0.2.1, whose result depends on the level. `mcd-80` is on the scale of the values
that "Narrating For You" prints (44-88 dB), which do not say how they were made."""


class MelCepstralDistortion(PairedMetric):
    """Mel-cepstral distortion in dB, at least 0, lower is better.

    Per clip: mel-cepstra float64 [T, order + 1]. Per pair: the mean distance along the alignment.

    Example:
        >>> import torch
        >>> speech = torch.sin(torch.arange(16000) / 10) * torch.hann_window(16000)
        >>> metric = MelCepstralDistortion()
        >>> metric.update(speech[None], speech[None], sample_rate=16000)
        >>> metric.compute()
        tensor(0., dtype=torch.float64)

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    unit = "dB"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    statistics_kind = "mel-cepstrum"

    def __init__(self, name: str = "mcd", config: MelCepstralDistortionConfig | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.name = name
        self.title = name.upper()
        self.config = config or convention(name, CONVENTIONS)

    def observe(self) -> WaveformObserver:
        return WaveformObserver(self._measure)

    def _measure(self, waveform: Waveform, sample_rate: int) -> Statistics:
        """The clip's mel-cepstra, and the waveform itself where the other clip's length decides its padding."""
        rate = self.config.sample_rate or sample_rate
        signal = resampled(checked(waveform, sample_rate, SHORTEST), sample_rate, rate)
        statistics = {"mel_cepstrum": self.config.features(signal, rate)}
        if self.config.alignment == "none":
            statistics |= {"waveform": signal, "sample_rate": np.array(rate)}
        return statistics

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The pair's distortion in dB under "value"; the reference is the first sequence of the alignment."""
        if self.config.alignment == "none":
            x, y = self._padded(reference, generated)
            mean = float(np.linalg.norm(x - y, axis=1).mean())
        else:
            x, y = reference["mel_cepstrum"], generated["mel_cepstrum"]
            mean = self._aligned(x, y)
        if self.config.length_penalty:
            mean *= max(len(x), len(y)) / min(len(x), len(y))
        return {"value": np.array(DECIBEL * mean)}

    def _aligned(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
        """The mean distance along the alignment's path."""
        if self.config.alignment == "dtw":
            total, cells = exact_dtw(x[:, 1:], y[:, 1:])
            return total / cells
        rows, columns = fast_dtw_path(x[:, 1:], y[:, 1:])
        first = 0 if self.config.energy else 1
        return float(np.linalg.norm(x[rows, first:] - y[columns, first:], axis=1).mean())

    def _padded(self, *clips: Statistics) -> list[NDArray[np.float64]]:
        """The mel-cepstra of two clips as if the shorter one went on with silence to the longer one's end."""
        longest = max(len(clip["waveform"]) for clip in clips)
        first = 0 if self.config.energy else 1
        return [self._extended(clip, longest)[:, first:] for clip in clips]

    def _extended(self, clip: Statistics, length: int) -> NDArray[np.float64]:
        waveform = clip["waveform"]
        if len(waveform) == length:
            return clip["mel_cepstrum"]
        padded = np.pad(waveform, (0, length - len(waveform)))
        return np.asarray(self.config.features(padded, int(clip["sample_rate"])))
