"""Convolution of one block by oneDNN on a CPU, where PyTorch would choose a slower way for many layers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: tuple[int, ...]) -> Tensor:
    """As `F.conv2d` or `F.conv3d` of [n, c, ...], with one stride for all axes.

    For few items on one thread PyTorch sends kernels of one pixel, and in three dimensions most others, to its own
    unfolding and a product of matrices; by name they all run in oneDNN, so that the number of threads changes no way.
    """
    strides = (stride,) * len(padding)
    if x.is_cpu and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return torch.mkldnn_convolution(x, weight, bias, padding, strides, (1,) * len(padding), 1)
    function = F.conv2d if len(padding) == 2 else F.conv3d
    return function(x, weight, bias, strides, padding)
