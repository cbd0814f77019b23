"""Mel-cepstral distortion (MCD), the canonical form and the conventions in circulation under other names.

MCD = 10 sqrt(2) / ln 10 * mean over aligned frames of |c - c'|, in dB (Kubichek, "Mel-cepstral distance measure for
objective speech quality assessment", 1993).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.audio.cepstral_features import CepstralFeatures, LogMelCepstrum, WorldMelCepstrum
from metrics.audio.dtw import exact_dtw, fast_dtw_path
from metrics.audio.waveform import Waveform, WaveformObserver, checked, resampled
from metrics.base.metric import Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field

DECIBEL = 10 * math.sqrt(2) / math.log(10)
SHORTEST = 0.1  # seconds
AUDIBLE = 1e-3
"""Power of a part of the spectrum relative to the clip's mean: the voice masks what lies 30 dB below it."""


@dataclass(frozen=True)
class MelCepstralDistortionConfig(Configuration):
    """One convention.

    Attributes:
        features: how mel-cepstra are computed.
        sample_rate: Hz to resample to first; None keeps the sound's own.
        alignment: of the frames: exact dynamic time warping ("dtw") or the FastDTW approximation, both by c1 and
            higher; or "none", frame by frame with the shorter waveform padded with zeros.
        energy: whether the distance includes c0, which is the level.
        length_penalty: multiply by the longer over the shorter number of frames.
        floor_db: frames of the reference more than this far below its loudest one are aligned but not counted: what is
            silent has no spectral identity. None counts all frames.
        native_audio: take the sound at the file's own sample rate, as a package that reads files does, instead of at
            the protocol's.
    """

    features: CepstralFeatures = field(default_factory=lambda: WorldMelCepstrum(floor=AUDIBLE))
    sample_rate: Annotated[int, Range(8000, 192000)] | None = None
    alignment: Literal["dtw", "fastdtw", "none"] = "dtw"
    energy: bool = reduction_field(False)
    length_penalty: bool = reduction_field(False)
    floor_db: Annotated[float, Range(-120, -1)] | None = reduction_field(-40.0)
    native_audio: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alignment == "dtw" and self.energy:
            raise ValueError("alignment='dtw' requires energy=False; use alignment='fastdtw' to include c0.")


def _pymcd(alignment: Literal["fastdtw", "none"], length_penalty: bool = False) -> MelCepstralDistortionConfig:
    features = WorldMelCepstrum(unit_power=False, fft_size=512, warping=0.65, power_as_amplitude=True)
    return MelCepstralDistortionConfig(features, 22050, alignment, True, length_penalty, None, native_audio=True)


CONVENTIONS = {
    "mcd": MelCepstralDistortionConfig(),
    "mcd-no-floor": MelCepstralDistortionConfig(WorldMelCepstrum(), floor_db=None),
    "mcd-80": MelCepstralDistortionConfig(LogMelCepstrum(), floor_db=None),
    "mcd-pymcd-plain": _pymcd("none"),
    "mcd-pymcd-dtw": _pymcd("fastdtw"),
    "mcd-pymcd-dtw-sl": _pymcd("fastdtw", length_penalty=True),
}
"""Registry name to convention. `mcd` is ours: WORLD's envelope taken as the power that it is, level-free, no c0, exact
alignment, and blind to what nobody hears: frames 40 dB below the reference's loudest, parts of a spectrum 30 dB below
the clip's mean power (`docs/sensitivity.md` says why these). `mcd-no-floor` is the same without either floor.
`mcd-pymcd-*` equal pymcd 0.2.1 on the same files, whose result depends on the level. `mcd-80` is on the scale of the
values that "Narrating For You" prints (44-88 dB), which do not say how they were made."""


def mel_cepstra(waveform: NDArray[np.floating], sample_rate: int, config: MelCepstralDistortionConfig) -> Statistics:
    """What `distortion` needs to know of one clip, from its waveform [S].

    "mel_cepstrum" float64 [T, order + 1], "level" float64 [T] in dB, "sample_rate", and "waveform" where the other
    clip's length decides its padding.

    Raises:
        Unmeasurable: the waveform is too short, silent, far too loud, or holds NaN or infinity.
    """
    rate = config.sample_rate or sample_rate
    signal = resampled(checked(waveform, sample_rate, SHORTEST), sample_rate, rate)
    cepstra, levels = config.features.analysis(signal, rate)
    statistics = {"mel_cepstrum": cepstra, "level": levels, "sample_rate": np.array(rate)}
    return statistics | ({"waveform": signal} if config.alignment == "none" else {})


def distortion(reference: Statistics, generated: Statistics, config: MelCepstralDistortionConfig) -> float:
    """The distortion in dB between two clips of `mel_cepstra`; the reference is the first sequence of the alignment.

    Raises:
        Unmeasurable: the two have different sample rates.
    """
    rates = [int(clip["sample_rate"]) for clip in (reference, generated)]
    if rates[0] != rates[1]:
        raise Unmeasurable(f"the pair has two sample rates, {rates[0]} and {rates[1]} Hz")
    if config.alignment == "none":
        length = max(len(clip["waveform"]) for clip in (reference, generated))
        reference, generated = (_extended(clip, length, config) for clip in (reference, generated))
    x, y, levels = reference["mel_cepstrum"], generated["mel_cepstrum"], reference["level"]
    audible = levels >= (-math.inf if config.floor_db is None else levels.max() + config.floor_db)
    if config.alignment == "dtw":
        total, cells = exact_dtw(x[:, 1:], y[:, 1:], audible)
        mean = total / cells
    else:
        rows, columns = (np.arange(len(x)),) * 2 if config.alignment == "none" else fast_dtw_path(x[:, 1:], y[:, 1:])
        rows, columns = rows[audible[rows]], columns[audible[rows]]
        first = 0 if config.energy else 1
        mean = float(np.linalg.norm(x[rows, first:] - y[columns, first:], axis=1).mean())
    if config.length_penalty:
        mean *= max(len(x), len(y)) / min(len(x), len(y))
    return DECIBEL * mean


def _extended(clip: Statistics, length: int, config: MelCepstralDistortionConfig) -> Statistics:
    """The clip as if it went on with silence to this length in samples."""
    waveform = clip["waveform"]
    if len(waveform) == length:
        return clip
    padded = np.pad(waveform, (0, length - len(waveform)))
    cepstra, levels = config.features.analysis(padded, int(clip["sample_rate"]))
    return {"mel_cepstrum": cepstra, "level": levels}


class MelCepstralDistortion(PairedMetric):
    """Mel-cepstral distortion in dB, at least 0, lower is better.

    Per clip: mel-cepstra float64 [T, order + 1] and levels. Per pair: the mean distance along the alignment.

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

    name, title, unit = "mcd", "MCD", "dB"
    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    statistics_kind = "mel-cepstrum"
    conventions = CONVENTIONS

    @property
    def aligned(self) -> bool:
        return bool(self.config.alignment == "none")

    def observe(self) -> WaveformObserver:
        return WaveformObserver(self._measure)

    def _measure(self, waveform: Waveform, sample_rate: int) -> Statistics:
        return mel_cepstra(waveform, sample_rate, self.config)

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The pair's distortion in dB under "value"."""
        return {"value": np.array(distortion(reference, generated, self.config))}
