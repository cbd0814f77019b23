"""The paired audio metrics as plain functions of two waveforms."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from metrics.audio import mcd, stoi
from metrics.audio.waveform import checked
from metrics.base.conventions import convention as configuration


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
        Unmeasurable: a waveform is too short, silent, far too loud, or holds NaN or infinity.
    """
    config = configuration(convention, mcd.CONVENTIONS)
    wanted, made = (mcd.mel_cepstra(waveform, sample_rate, config) for waveform in (reference, generated))
    return mcd.distortion(wanted, made, config)


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
        Unmeasurable: too little speech, or a waveform is silent, far too loud, or holds NaN or infinity.
    """
    config = configuration(convention, stoi.CONVENTIONS)
    wanted, made = (checked(waveform, sample_rate, stoi.SHORTEST) for waveform in (reference, generated))
    return stoi.intelligibility(wanted, made, sample_rate, config)
