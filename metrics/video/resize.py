"""The ways in which reference implementations bring frames to a network's input size.

They disagree, and visibly so in the score (Parmar et al. 2022, arXiv 2104.11222), which is why each has its name and
the name is part of the signature. All take and return float32 [N, 3, H, W] in 0..255, nothing is rounded to bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

Resize = Literal["tf1", "bilinear", "antialias", "pil-bicubic"]


def tf1(frames: Tensor, size: int) -> Tensor:
    """Bilinear as TensorFlow 1 does it: source = target * scale, without the half-pixel shift and without antialiasing.

    Used by the original FID and FVD and by torch-fidelity.
    """
    rows = _tf1_axis(frames, 2, size)
    return _tf1_axis(rows, 3, size)


def bilinear(frames: Tensor, size: int) -> Tensor:
    """Bilinear with half-pixel centres and without antialiasing: pytorch-fid, StyleGAN-V, TATS, fvd-comparison."""
    return F.interpolate(frames, (size, size), mode="bilinear", align_corners=False)


def antialias(frames: Tensor, size: int) -> Tensor:
    """Bilinear with antialiasing: torchmetrics' default since 1.5."""
    return F.interpolate(frames, (size, size), mode="bilinear", align_corners=False, antialias=True)


def pil_bicubic(frames: Tensor, size: int) -> Tensor:
    """Pillow's antialiased bicubic on each channel in float32, cut to 0..255: the "clean" of clean-fid."""
    if frames.shape[2:] == (size, size):
        return frames
    resized = [
        [np.asarray(Image.fromarray(channel).resize((size, size), Image.Resampling.BICUBIC)) for channel in frame]
        for frame in frames.cpu().numpy()
    ]
    return torch.from_numpy(np.array(resized, dtype=np.float32)).clamp(0, 255).to(frames.device)


RESIZES: dict[Resize, Callable[[Tensor, int], Tensor]] = {
    "tf1": tf1,
    "bilinear": bilinear,
    "antialias": antialias,
    "pil-bicubic": pil_bicubic,
}


def short_side(frames: Tensor, size: int, *, antialias: bool) -> Tensor:
    """Bilinear to `size` pixels on the shorter side, then the centre `size` x `size` of it: cd-fvd, common_metrics.

    The longer side is rounded up, after a product of floats, as those packages do it: one pixel more or less moves the
    crop, and with it the features by some per cent.
    """
    height, width = frames.shape[2:]
    scale = size / min(height, width)
    shape = (size, math.ceil(width * scale)) if height < width else (math.ceil(height * scale), size)
    resized = F.interpolate(frames, shape, mode="bilinear", align_corners=False, antialias=antialias)
    top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
    return resized[:, :, top : top + size, left : left + size]


def _tf1_axis(frames: Tensor, axis: int, size: int) -> Tensor:
    length = frames.shape[axis]
    if length == size:
        return frames
    source = torch.arange(size, dtype=torch.float32, device=frames.device) * (length / size)
    low = source.floor().long()
    high = (low + 1).clamp(max=length - 1)
    weight = (source - low).reshape([-1 if dimension == axis else 1 for dimension in range(4)])
    start = frames.index_select(axis, low)
    return start + (frames.index_select(axis, high) - start) * weight
