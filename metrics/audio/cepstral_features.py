"""The two kinds of mel-cepstra that a mel-cepstral distortion can be taken between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from metrics.audio.mel_cepstrum import mel_cepstrum, mel_warping
from metrics.audio.mel_filters import slaney_mel_filters
from metrics.audio.spectrogram import magnitudes, periodic_hann
from metrics.audio.waveform import Waveform
from metrics.audio.world_envelope import spectral_envelope


@dataclass(frozen=True)
class WorldMelCepstrum:
    """Mel-cepstra of WORLD's spectral envelope.

    Attributes:
        unit_power: scale the waveform to mean square 1 first, so that its level does not matter.
        frame_period: milliseconds between frames.
        fft_size: None takes WORLD's own choice for the sample rate.
        order: highest coefficient.
        warping: all-pass coefficient; None takes the best fit to the mel scale at the sample rate (0.41 at 16 kHz).
        power_as_amplitude: square the envelope although it is a power spectrum already, as `pymcd` does.
        floor: added to the power spectrum before the logarithm.
    """

    unit_power: bool = True
    frame_period: float = 5.0
    fft_size: int | None = None
    order: int = 13
    warping: float | None = None
    power_as_amplitude: bool = False
    floor: float = 1e-8

    def __call__(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float64]:
        """c0..c_order, float64 [T, order + 1], of a waveform float32 [S]."""
        signal = waveform.astype(np.float64)
        if self.unit_power:
            signal /= np.sqrt(np.mean(signal**2))
        power = spectral_envelope(signal, sample_rate, self.frame_period, self.fft_size)
        if self.power_as_amplitude:
            power = power**2
        warping = mel_warping(sample_rate) if self.warping is None else self.warping
        return mel_cepstrum(power + self.floor, self.order, warping)


@dataclass(frozen=True)
class LogMelCepstrum:
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
    bands: int = 80
    fft_size: int = 1024
    hop: int = 256
    order: int = 13
    floor: float = 1e-5

    def __call__(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float64]:
        """c0..c_order, float64 [T, order + 1], of a waveform float32 [S]."""
        signal = waveform.astype(np.float64)
        if self.unit_power:
            signal /= np.sqrt(np.mean(signal**2))
        spectra = magnitudes(signal, periodic_hann(self.fft_size), self.hop, self.fft_size, centred=True)
        mel = spectra @ slaney_mel_filters(sample_rate, self.fft_size, self.bands).T
        return np.asarray(dct(np.log(np.maximum(mel, self.floor)), norm="ortho"))[:, : self.order + 1]
