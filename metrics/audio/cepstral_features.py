"""The two kinds of mel-cepstra that a mel-cepstral distortion can be taken between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from metrics.audio.mel_cepstrum import mel_cepstrum, mel_warping
from metrics.audio.mel_filters import slaney_mel_filters
from metrics.audio.spectrogram import magnitudes, periodic_hann
from metrics.audio.waveform import Waveform
from metrics.audio.world_envelope import spectral_envelope
from metrics.base.ranges import Configuration, Range

Floats = NDArray[np.float64]


class CepstralFeatures(Configuration, ABC):
    """A way to compute mel-cepstra. A concrete one is a frozen dataclass: its fields decide the cepstra."""

    @abstractmethod
    def analysis(self, waveform: Waveform, sample_rate: int) -> tuple[Floats, Floats]:
        """Mel-cepstra c0..c_order, float64 [T, order + 1], and the frames' levels in dB, float64 [T].

        Args:
            waveform: float32 [S].
            sample_rate: in Hz.
        """


@dataclass(frozen=True)
class WorldMelCepstrum(CepstralFeatures):
    """Mel-cepstra of WORLD's spectral envelope.

    Attributes:
        unit_power: scale the waveform to mean square 1 first, so that its level does not matter.
        frame_period: milliseconds between frames.
        fft_size: None takes WORLD's own choice for the sample rate.
        order: highest coefficient.
        warping: all-pass coefficient; None takes the best fit to the mel scale at the sample rate (0.41 at 16 kHz).
        power_as_amplitude: square the envelope although it is a power spectrum already, as `pymcd` does.
        floor: added to the power spectrum before the logarithm; white noise of mean square 1 has the power 1 all over.
    """

    unit_power: bool = True
    frame_period: Annotated[float, Range(1, 100)] = 5.0
    fft_size: Annotated[int, Range(512, 65536)] | None = None
    order: Annotated[int, Range(1, 100)] = 13
    warping: Annotated[float, Range(-0.99, 0.99)] | None = None
    power_as_amplitude: bool = False
    floor: Annotated[float, Range(0)] = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fft_size is not None and self.fft_size & (self.fft_size - 1):
            raise ValueError(f"fft_size must be a power of two, got {self.fft_size}.")

    def analysis(self, waveform: Waveform, sample_rate: int) -> tuple[Floats, Floats]:
        signal = _at_unit_power(waveform) if self.unit_power else waveform.astype(np.float64)
        power = spectral_envelope(signal, sample_rate, self.frame_period, self.fft_size)
        levels = 10 * np.log10(power.mean(axis=1))
        if self.power_as_amplitude:
            power = power**2
        warping = mel_warping(sample_rate) if self.warping is None else self.warping
        return mel_cepstrum(power + self.floor, self.order, warping), levels


@dataclass(frozen=True)
class LogMelCepstrum(CepstralFeatures):
    """Orthonormal cosine transform (DCT-II) of the natural logarithm of mel magnitudes.

    Attributes:
        unit_power: scale the waveform to mean square 1 first, so that its level does not matter.
        bands: mel bands, Slaney's scale and area normalisation, 0 Hz to half the sample rate.
        fft_size: samples of the (Hann) window.
        hop: samples between frames.
        order: highest coefficient.
        floor: lowest mel magnitude.
    """

    unit_power: bool = True
    bands: Annotated[int, Range(2, 512)] = 80
    fft_size: Annotated[int, Range(64, 65536)] = 1024
    hop: Annotated[int, Range(1, 65536)] = 256
    order: Annotated[int, Range(1, 511)] = 13
    floor: Annotated[float, Range(above=0)] = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order >= self.bands:
            raise ValueError(f"order must be below the number of bands, {self.bands}, got {self.order}.")

    def analysis(self, waveform: Waveform, sample_rate: int) -> tuple[Floats, Floats]:
        signal = _at_unit_power(waveform) if self.unit_power else waveform.astype(np.float64)
        spectra = magnitudes(signal, periodic_hann(self.fft_size), self.hop, self.fft_size, centred=True)
        mel = spectra @ slaney_mel_filters(sample_rate, self.fft_size, self.bands).T
        cepstra = np.asarray(scipy.fft.dct(np.log(np.maximum(mel, self.floor)), norm="ortho"))[:, : self.order + 1]
        return cepstra, 20 * np.log10(np.linalg.norm(spectra, axis=1) + np.finfo(np.float64).tiny)


def _at_unit_power(waveform: Waveform) -> Floats:
    signal = waveform.astype(np.float64)
    signal /= np.sqrt(np.mean(signal**2))
    return signal
