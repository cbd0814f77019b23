"""The paired audio metrics as plain functions of two waveforms."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from metrics.audio.mcd import MelCepstralDistortion
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility
from metrics.base.metric import PairedMetric, Statistics


def mel_cepstral_distortion(
    generated: NDArray[Any], reference: NDArray[Any], sample_rate: int, convention: str = "mcd"
) -> float:
    """Mel-cepstral distortion of one pair, in dB.

    Args:
        generated: floating point [S], -1..1.
        reference: floating point [R], -1..1.
        sample_rate: of both, in Hz.
        convention: a name in `metrics.audio.mcd.CONVENTIONS`.

    Raises:
        Unmeasurable: a waveform is too short, silent, or holds NaN or infinity.
    """
    return _pair(MelCepstralDistortion(convention), generated, reference, sample_rate)


def short_time_objective_intelligibility(
    generated: NDArray[Any], reference: NDArray[Any], sample_rate: int, convention: str = "stoi"
) -> float:
    """Intelligibility of the generated waveform given the reference, at most 1.

    Args:
        generated: floating point [S], -1..1.
        reference: floating point [R], -1..1.
        sample_rate: of both, in Hz.
        convention: a name in `metrics.audio.stoi.CONVENTIONS`.

    Raises:
        Unmeasurable: too little speech, or a waveform is silent or holds NaN or infinity.
    """
    return _pair(ShortTimeObjectiveIntelligibility(convention), generated, reference, sample_rate)


def _pair(metric: PairedMetric, generated: NDArray[Any], reference: NDArray[Any], sample_rate: int) -> float:
    statistics = metric.compare(_observed(metric, reference, sample_rate), _observed(metric, generated, sample_rate))
    return float(statistics["value"])


def _observed(metric: PairedMetric, waveform: NDArray[Any], sample_rate: int) -> Statistics:
    observer = metric.observe()
    observer.waveform(waveform, sample_rate)
    return observer.finish()()
