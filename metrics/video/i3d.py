"""The I3D network of TF-Hub deepmind/i3d-kinetics-400/1, whose logits FVD is defined with.

Carreira and Zisserman 2017 (arXiv 1705.07750); its weights differ from those in the authors' own repository. All
convolutions and pools pad as TensorFlow's SAME does: what is odd of the padding goes to the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metrics import weights
from metrics.restricted_pickle import numpy_tree
from metrics.video.convolution import convolve

WEIGHTS = "i3d-kinetics-400"
SIDE = 224
FEWEST_FRAMES = 9
"""Below it the last pool has fewer time steps than it needs."""
_EPSILON = 1e-3
BLOCK = 1
"""Windows at a time: a clip has few, and none is wasted on filling up."""


@lru_cache(maxsize=4)
def i3d(device: str) -> I3D:
    """The network with its weights on a device, one for the whole process."""
    return I3D(numpy_tree(weights.fetch(WEIGHTS))).to(device)


class I3D(nn.Module):
    """float32 [N, 3, T, 224, 224] in -1..1, T >= 9, to float32 logits [N, 400], averaged over time.

    Args:
        tree: `{"params": ..., "batch_stats": ...}` as the weight file has them, kernels in the order T, H, W, in, out.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        super().__init__()
        statistics = _layers(tree["batch_stats"])
        for name, layer in _layers(tree["params"]).items():
            self._register(f"{name}_weight", torch.from_numpy(layer["Conv_0"]["kernel"].copy()).permute(4, 3, 0, 1, 2))
            if name.startswith("Logits"):
                self._register(f"{name}_bias", torch.from_numpy(layer["Conv_0"]["bias"].copy()))
                continue
            self._register(f"{name}_bias", torch.from_numpy(layer["BatchNorm_0"]["bias"].copy()))
            for moment, values in statistics[name]["BatchNorm_0"].items():
                self._register(f"{name}_{moment}", torch.from_numpy(values.copy()).flatten())

    def forward(self, windows: Tensor) -> Tensor:
        x = windows.contiguous(memory_format=torch.channels_last_3d)
        x = self._convolve(x, "Conv3d_1a_7x7", stride=2)
        x = max_pool_same(x, (1, 3, 3), (1, 2, 2))
        x = self._convolve(x, "Conv3d_2b_1x1")
        x = self._convolve(x, "Conv3d_2c_3x3")
        x = max_pool_same(x, (1, 3, 3), (1, 2, 2))
        for block in ("3b", "3c"):
            x = self._mixed(x, f"Mixed_{block}")
        x = max_pool_same(x, (3, 3, 3), (2, 2, 2))
        for block in ("4b", "4c", "4d", "4e", "4f"):
            x = self._mixed(x, f"Mixed_{block}")
        x = max_pool_same(x, (2, 2, 2), (2, 2, 2))
        for block in ("5b", "5c"):
            x = self._mixed(x, f"Mixed_{block}")
        x = F.avg_pool3d(x, (2, 7, 7), stride=1)
        head = "Logits/Conv3d_0c_1x1"
        logits = F.conv3d(x, self.get_buffer(f"{head}_weight"), self.get_buffer(f"{head}_bias"))
        return logits.mean(dim=(2, 3, 4))

    def _mixed(self, x: Tensor, block: str) -> Tensor:
        branches = [self._convolve(x, f"{block}/Branch_0/Conv3d_0a_1x1")]
        for branch in ("Branch_1", "Branch_2"):
            narrow = self._convolve(x, f"{block}/{branch}/Conv3d_0a_1x1")
            branches.append(self._convolve(narrow, f"{block}/{branch}/Conv3d_0b_3x3"))
        pooled = max_pool_same(x, (3, 3, 3), (1, 1, 1))
        branches.append(self._convolve(pooled, f"{block}/Branch_3/Conv3d_0b_1x1"))
        return torch.cat(branches, dim=1)

    def _convolve(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight, bias, mean, var = (self.get_buffer(f"{name}_{part}") for part in ("weight", "bias", "mean", "var"))
        padded = _pad_same(x, tuple(weight.shape[2:]), (stride,) * 3)
        convolved = convolve(padded, weight, None, stride, padding=(0, 0, 0))
        # Not folded into the convolution: rounding the scaled weights doubles the distance to the published FVD.
        return F.relu_(F.batch_norm(convolved, mean, var, bias=bias, eps=_EPSILON))

    def _register(self, name: str, values: Tensor) -> None:
        kernel = values.dim() == 5
        layout = torch.channels_last_3d if kernel else torch.contiguous_format
        self.register_buffer(name, values.float().contiguous(memory_format=layout))


def _layers(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The convolutions by name; those of a mixed block, `Branch_0/Conv3d_0a_1x1`, lie one level deeper."""
    layers = {}
    for name, node in tree.items():
        inner = {f"{name}/{key}": child for key, child in node.items() if "Conv3d" in key}
        layers.update(inner or {name: node})
    return layers


def max_pool_same(x: Tensor, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> Tensor:
    """The greatest of each box of [N, C, T, H, W], padded as TensorFlow's SAME with what no value is less than.

    One axis after another, as the maximum of shifted slices: on a CPU `max_pool3d` takes several times as long.
    """
    for axis, (k, s) in enumerate(zip(kernel, stride, strict=True), start=2):
        x = _greatest_along(x, axis, k, s)
    return x


def _greatest_along(x: Tensor, axis: int, kernel: int, stride: int) -> Tensor:
    if kernel == 1 and stride == 1:
        return x
    x = x.transpose(0, axis)
    length = len(x)
    outputs = -(-length // stride)
    before = max((outputs - 1) * stride + kernel - length, 0) // 2
    greatest = x[::stride].clone()
    for shift in (shift for shift in range(-before, kernel - before) if shift):
        first = -(min(shift, 0) // stride)  # earlier outputs have their value of this shift in the padding
        seen = x[first * stride + shift :: stride][: outputs - first]
        into = greatest[first : first + len(seen)]
        torch.maximum(into, seen, out=into)
    return greatest.transpose(0, axis)


def _pad_same(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    padding: list[int] = []
    for length, k, s in zip(x.shape[2:], kernel, stride, strict=True):
        total = max((-(-length // s) - 1) * s + k - length, 0)
        padding = [total // 2, total - total // 2, *padding]
    return F.pad(x, padding) if any(padding) else x
