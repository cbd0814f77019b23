"""Band-limited resampling, equal to torchaudio's default, which the released models were trained with."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

_ZERO_CROSSINGS = 6
_ROLLOFF = 0.99


def resample(waveform: Tensor, source_rate: int, target_rate: int) -> Tensor:
    """Resample with a Hann-windowed sinc (6 zero crossings, cut-off at 0.99 of the lower Nyquist frequency).

    Args:
        waveform: float [..., S].
        source_rate: Hz of the input.
        target_rate: Hz of the result.

    Returns:
        float [..., ceil(S * target_rate / source_rate)].

    Reference: `torchaudio.functional.resample` 2.8.0 with its default arguments.
    """
    if source_rate == target_rate:
        return waveform
    divisor = math.gcd(source_rate, target_rate)
    source, target = source_rate // divisor, target_rate // divisor
    kernels = _kernels(source, target).to(waveform)
    reach = (kernels.shape[-1] - source) // 2
    flat = waveform.reshape(-1, 1, waveform.shape[-1])
    phases = functional.conv1d(functional.pad(flat, (reach, reach + source)), kernels, stride=source)
    length = math.ceil(waveform.shape[-1] * target / source)
    return phases.transpose(1, 2).reshape(*waveform.shape[:-1], -1)[..., :length]


@lru_cache(maxsize=32)
def _kernels(source: int, target: int) -> Tensor:
    """One filter for each of the `target` output phases: float64 [target, 1, 2 * reach + source]."""
    cutoff = min(source, target) * _ROLLOFF
    reach = math.ceil(_ZERO_CROSSINGS * source / cutoff)
    position = torch.arange(-reach, reach + source, dtype=torch.float64) / source
    phase = torch.arange(target, dtype=torch.float64)[:, None, None] / target
    time = ((position - phase) * cutoff).clamp(-_ZERO_CROSSINGS, _ZERO_CROSSINGS)
    window = torch.cos(time * math.pi / _ZERO_CROSSINGS / 2) ** 2
    return torch.sinc(time) * window * (cutoff / source)
