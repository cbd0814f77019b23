"""The frame encoder of PIPs++: a residual network whose four scales are joined at an eighth of the resolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 128
STRIDE = 8
"""Pixels between neighbouring feature vectors."""

_WIDTHS = (64, 96, 128, 128)


class FrameEncoder(nn.Module):
    """RGB frames float32 [n, 3, H, W] in -1..1 to features [n, 128, H/8, W/8]; H and W are multiples of 8."""

    def __init__(self) -> None:
        super().__init__()
        first, *_ = _WIDTHS
        self.conv1 = nn.Conv2d(3, first, 7, stride=2, padding=3)
        self.layer1 = _stage(first, first, stride=1)
        self.layer2 = _stage(first, _WIDTHS[1], stride=2)
        self.layer3 = _stage(_WIDTHS[1], _WIDTHS[2], stride=2)
        self.layer4 = _stage(_WIDTHS[2], _WIDTHS[3], stride=2)
        self.conv2 = nn.Conv2d(sum(_WIDTHS), 2 * FEATURES, 3, padding=1)
        self.conv3 = nn.Conv2d(2 * FEATURES, FEATURES, 1)

    def forward(self, frames: Tensor) -> Tensor:
        size = (frames.shape[-2] // STRIDE, frames.shape[-1] // STRIDE)
        x = F.relu(F.instance_norm(self.conv1(frames)))
        scales = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            scales.append(F.interpolate(x, size, mode="bilinear", align_corners=True))
        x = F.relu(F.instance_norm(self.conv2(torch.cat(scales, dim=1))))
        features: Tensor = self.conv3(x)
        return features


class _Residual(nn.Module):
    """Two 3x3 convolutions with instance normalisation beside a shortcut, which is projected where the size changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride)) if stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(F.instance_norm(self.conv1(x)))
        y = F.relu(F.instance_norm(self.conv2(y)))
        shortcut = x if self.downsample is None else F.instance_norm(self.downsample(x))
        return F.relu(shortcut + y)


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(_Residual(inputs, outputs, stride), _Residual(outputs, outputs, 1))
