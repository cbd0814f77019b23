"""Convolutions of one block by oneDNN on a CPU, where PyTorch would choose a slower way for many layers.

PyTorch chooses by the number of items: for few of them it unfolds, or multiplies matrices, which rounds otherwise. By
name all run in oneDNN, whose results for an item do not depend on how many stand beside it: a block that is halved for
lack of memory gives the same bits (`metrics.batching`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int | tuple[int, ...], padding: tuple[int, ...]
) -> Tensor:
    """As `F.conv2d` or `F.conv3d` of [n, c, ...]; a stride that is one number holds for all axes.

    For few items on one thread PyTorch sends kernels of one pixel, and in three dimensions most others, to its own
    unfolding and a product of matrices; by name they all run in oneDNN, so that the number of threads changes no way.
    """
    strides = (stride,) * len(padding) if isinstance(stride, int) else stride
    if x.is_cpu and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return torch.mkldnn_convolution(x, weight, bias, padding, strides, (1,) * len(padding), 1)
    function = F.conv2d if len(padding) == 2 else F.conv3d
    return function(x, weight, bias, strides, padding)


def connect(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """As `F.linear` of [n, c] by weights [d, c]: a convolution of one pixel, for a product of matrices rounds by n."""
    return convolve(x[:, :, None, None], weight[:, :, None, None], bias, 1, (0, 0)).flatten(1)


class Connection(nn.Linear):
    """`nn.Linear` by `connect`."""

    def forward(self, x: Tensor) -> Tensor:
        return connect(x, self.weight, self.bias)


class Convolution2d(nn.Conv2d):
    """`nn.Conv2d` by `convolve`, of one group and without dilation."""

    def forward(self, x: Tensor) -> Tensor:
        return _convolved(self, x)


class Convolution3d(nn.Conv3d):
    """`nn.Conv3d` by `convolve`, of one group and without dilation."""

    def forward(self, x: Tensor) -> Tensor:
        return _convolved(self, x)


def _convolved(layer: nn.Conv2d | nn.Conv3d, x: Tensor) -> Tensor:
    assert isinstance(layer.padding, tuple)
    if x.shape[2:] == layer.weight.shape[2:] and not any(layer.padding):
        # A kernel as large as the picture is a full connection, and oneDNN would unfold it for a single item.
        whole = connect(x.flatten(1), layer.weight.flatten(1), layer.bias)
        return whole.reshape(*whole.shape, *(1,) * (x.dim() - 2))
    return convolve(x, layer.weight, layer.bias, tuple(layer.stride), layer.padding)
