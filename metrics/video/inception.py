"""The Inception network of 2015-12-05, the one that FID is defined with (not torchvision's, whose weights differ).

The graph follows Szegedy et al. 2016 (arXiv 1512.00567) with the peculiarities of the frozen TensorFlow file: average
pools do not count their padding, and the pool branch of the very last block is a maximum pool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metrics import weights
from metrics.restricted_pickle import torchscript_tensors
from metrics.video.convolution import convolve

Width = Literal[64, 192, 768, 2048]
WEIGHTS = "inception-2015-12-05"
SIDE = 299
_EPSILON = 1e-3
BLOCK = 8
"""Frames at a time: a clip's last block is filled up."""
CPU_BLOCK = 4
"""The same on a CPU, where the activations of more frames are so large that the allocator returns them each time."""


@lru_cache(maxsize=4)
def inception(width: Width, device: str) -> Inception:
    """The network with its weights on a device, one for the whole process."""
    return Inception(torchscript_tensors(weights.fetch(WEIGHTS)), width).to(device)


def block_on(device: torch.device) -> int:
    """Frames at a time on a device."""
    return CPU_BLOCK if device.type == "cpu" else BLOCK


class Inception(nn.Module):
    """float32 [N, 3, 299, 299] in -1..1 to float32 [N, width].

    Args:
        tensors: weight, beta, mean and variance of each convolution, under the names of the weight file.
        width: 64 and 192 are taken after the first and second maximum pool, 768 before the last two reductions and
            2048 at the end, each averaged over all positions.
    """

    def __init__(self, tensors: Mapping[str, Tensor], width: Width = 2048) -> None:
        super().__init__()
        self.width = width
        for name in (key.removesuffix(".weight") for key in tensors if key.endswith(".weight")):
            # Batch norm folds into the convolution: one pass over the activations fewer.
            scale = (tensors[f"{name}.var"].double() + _EPSILON).rsqrt()
            weight = tensors[f"{name}.weight"].double() * scale[:, None, None, None]
            bias = tensors[f"{name}.beta"].double() - tensors[f"{name}.mean"].double() * scale
            key = _buffer_name(name.removeprefix("net.layers."))
            self.register_buffer(f"{key}_weight", weight.float().contiguous(memory_format=torch.channels_last))
            self.register_buffer(f"{key}_bias", bias.float())

    def forward(self, frames: Tensor) -> Tensor:
        x = frames.contiguous(memory_format=torch.channels_last)
        x = self._convolve(x, "conv", stride=2, valid=True)
        x = self._convolve(x, "conv_1", valid=True)
        x = self._convolve(x, "conv_2")
        x = F.max_pool2d(x, 3, 2)
        if self.width == 64:
            return x.mean(dim=(2, 3))
        x = self._convolve(x, "conv_3")
        x = self._convolve(x, "conv_4", valid=True)
        x = F.max_pool2d(x, 3, 2)
        if self.width == 192:
            return x.mean(dim=(2, 3))
        for block in ("mixed", "mixed_1", "mixed_2"):
            x = self._mixed(x, block, depths=(2, 3))
        x = self._reduced(x, _names("mixed_3", 1), _names("mixed_3.tower", 3))
        for block in ("mixed_4", "mixed_5", "mixed_6", "mixed_7"):
            x = self._mixed(x, block, depths=(3, 5))
        if self.width == 768:
            return x.mean(dim=(2, 3))
        x = self._reduced(x, _names("mixed_8.tower", 2), _names("mixed_8.tower_1", 4))
        x = self._forked(x, "mixed_9", _average_pool)
        x = self._forked(x, "mixed_10", lambda y: F.max_pool2d(y, 3, 1, 1))
        return x.mean(dim=(2, 3))

    def _convolve(self, x: Tensor, name: str, stride: int = 1, valid: bool = False) -> Tensor:
        key = _buffer_name(name)
        weight, bias = self.get_buffer(f"{key}_weight"), self.get_buffer(f"{key}_bias")
        padding = (0, 0) if valid else (weight.shape[2] // 2, weight.shape[3] // 2)
        return F.relu_(convolve(x, weight, bias, stride, padding))

    def _tower(self, x: Tensor, names: list[str]) -> Tensor:
        for name in names:
            x = self._convolve(x, name)
        return x

    def _mixed(self, x: Tensor, block: str, depths: tuple[int, int]) -> Tensor:
        """Four branches: one convolution, two towers of as many convolutions as given, and an average pool."""
        branches = [
            self._convolve(x, f"{block}.conv"),
            self._tower(x, _names(f"{block}.tower", depths[0])),
            self._tower(x, _names(f"{block}.tower_1", depths[1])),
            self._convolve(_average_pool(x), f"{block}.tower_2.conv"),
        ]
        return torch.cat(branches, 1)

    def _reduced(self, x: Tensor, *towers: list[str]) -> Tensor:
        """Towers whose last convolution halves the resolution, beside a maximum pool that does too."""
        ends = [self._convolve(self._tower(x, names[:-1]), names[-1], stride=2, valid=True) for names in towers]
        return torch.cat([*ends, F.max_pool2d(x, 3, 2)], 1)

    def _forked(self, x: Tensor, block: str, pool: Callable[[Tensor], Tensor]) -> Tensor:
        """The last two blocks, whose towers end in a horizontal and a vertical convolution side by side."""
        narrow = self._convolve(x, f"{block}.tower_conv")
        wide = self._tower(x, [f"{block}.tower_1_conv", f"{block}.tower_1_conv_1"])
        branches = [self._convolve(x, f"{block}.conv")]
        for y, tower in ((narrow, "tower"), (wide, "tower_1")):
            branches += [self._convolve(y, f"{block}.{tower}_mixed_conv{end}") for end in ("", "_1")]
        return torch.cat([*branches, self._convolve(pool(x), f"{block}.tower_2_conv")], 1)


def _names(tower: str, depth: int) -> list[str]:
    return [f"{tower}.conv"] + [f"{tower}.conv_{i}" for i in range(1, depth)]


def _buffer_name(name: str) -> str:
    return name.replace(".", "__")


def _average_pool(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
