"""Mel spectrograms on the HTK scale, as the released models compute them."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

VOICE_RATE = 22_050
"""Hz of the speech that the voice latents are computed from."""


def mel_filterbank(bins: int, bands: int, high_hz: float, sample_rate: int, *, unit_area: bool) -> Tensor:
    """Triangular filters evenly spaced on the HTK mel scale, float32 [bins, bands].

    Args:
        bins: rows of the power spectrum, n_fft / 2 + 1.
        bands: number of filters.
        high_hz: upper edge of the last filter; the first starts at 0 Hz.
        sample_rate: Hz.
        unit_area: scale every filter to unit area ("Slaney norm") instead of unit height.
    """
    top = 2595.0 * math.log10(1.0 + high_hz / 700.0)
    mels = torch.linspace(0.0, top, bands + 2, dtype=torch.float64)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    frequencies = torch.linspace(0.0, sample_rate / 2, bins, dtype=torch.float64)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - low) / (centre - low)
    falling = (high - frequencies) / (high - centre)
    filters = torch.minimum(rising, falling).clamp_min(0.0)
    if unit_area:
        filters *= 2.0 / (high - low)
    return filters.float()


def voice_mel(waveform: Tensor) -> Tensor:
    """Log-mel spectrogram of a voice profile, before division by the model's `mel_stats`.

    Args:
        waveform: float [B, S] at 22,050 Hz.

    Returns:
        float [B, 80, 1 + S // 256]: ln of the power in 80 bands of 0-8000 Hz, floored at 1e-5.
    """
    spectrum = torch.stft(
        waveform,
        n_fft=2048,
        hop_length=256,
        win_length=1024,
        window=torch.hann_window(1024, device=waveform.device, dtype=waveform.dtype),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    filters = mel_filterbank(1025, 80, 8000.0, VOICE_RATE, unit_area=True).to(waveform)
    mel = functional.linear(spectrum.abs().square().transpose(1, 2), filters.T).transpose(1, 2)
    return mel.clamp_min(1e-5).log()
