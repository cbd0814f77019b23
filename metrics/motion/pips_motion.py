"""The part of PIPs++ that turns correlations and motion into corrections of a track: a residual network over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metrics.motion.temporal_convolution import TemporalConvolution

MOTION_FEATURES = 128
_WIDTHS = (128, 128, 128, 256, 256, 512, 512, 1024, 1024)
_POINTS_AT_ONCE = 100
"""On a CPU: so few that what passes from layer to layer stays in the cache."""


class TrackCorrection(nn.Module):
    """Correlations [16, n, inputs] and motion [16, n, 2] of n points to corrections [16, n, 2], in feature cells."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first_block_conv = TemporalConvolution(inputs + MOTION_FEATURES + 2, _WIDTHS[0])
        self.basicblock_list = nn.ModuleList(
            _Residual(_WIDTHS[i], _WIDTHS[i + 1], first=i == 0) for i in range(len(_WIDTHS) - 1)
        )
        self.dense = nn.Linear(_WIDTHS[-1], 2)

    def forward(self, correlations: Tensor, motion: Tensor) -> Tensor:
        x = torch.cat([correlations, _waves(motion), motion], dim=2)
        at_once = _POINTS_AT_ONCE if x.device.type == "cpu" else x.shape[1]
        return torch.cat([self._corrections(points) for points in torch.split(x, at_once, dim=1)], dim=1)

    def _corrections(self, x: Tensor) -> Tensor:
        x = F.relu(self.first_block_conv(x))
        for block in self.basicblock_list:
            x = block(x)
        corrections: Tensor = self.dense(F.relu(x))
        return corrections


class _Residual(nn.Module):
    """Two convolutions over time, each after normalisation and ReLU; the shortcut is padded with zero channels."""

    def __init__(self, inputs: int, outputs: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.conv1 = TemporalConvolution(inputs, outputs)
        self.conv2 = TemporalConvolution(outputs, outputs)
        self.added = (outputs - inputs) // 2

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(x if self.first else _normalised(x))
        y = self.conv2(_normalised(y))
        shortcut = F.pad(x, (self.added, self.added)) if self.added else x
        summed: Tensor = y.add_(shortcut)
        return summed


def _normalised(x: Tensor) -> Tensor:
    """ReLU of x [t, n, c], each channel of each point brought to mean 0 and variance 1 over time."""
    centred = x - x.mean(dim=0)
    variance = centred.square().mean(dim=0)
    return F.relu_(centred.mul_(torch.rsqrt(variance + 1e-5)))


def _waves(motion: Tensor) -> Tensor:
    """Sines and cosines of x, then of y, at 32 frequencies from 1 to 1/10000: [..., 2] to [..., 128]."""
    count = MOTION_FEATURES // 4
    frequencies = 10000.0 ** -(torch.arange(count, device=motion.device) / (count - 1))
    x, y = motion[..., :1] * frequencies, motion[..., 1:] * frequencies
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=-1)
