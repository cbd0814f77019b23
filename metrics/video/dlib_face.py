"""dlib's face recognition network: a ResNet of 29 convolutions, 150x150 pixels to 128 numbers.

King, "High quality face recognition with deep metric learning", 2017; structure after dlib's example
`dnn_face_recognition_ex.cpp`, weights `dlib_face_recognition_resnet_model_v1.dat` (CC0). Faces of one person lie less
than 0.6 apart (Euclidean), 99.38 % of the pairs of Labeled Faces in the Wild are told right by that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics.video.convolution import Connection, Convolution2d
from metrics.weights import WeightsError, fetch

WEIGHTS = "dlib-face"
SIDE = 150
DIMENSION = 128
_BLOCKS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Channels, residual blocks, and whether the first of these halves the picture."""
_MEAN = (122.782, 117.001, 104.298)


class DlibFace(nn.Module):
    """RGB 0..255, float32 [N, 3, 150, 150], to float32 [N, 128]."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = _Scaled(3, 32, 7, stride=2, padding=0)
        channels, blocks = 32, []
        for width, count, halves in _BLOCKS:
            for number in range(count):
                blocks.append(_Residual(channels, width, halves and number == 0))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.linear = Connection(channels, DIMENSION, bias=False)
        self.register_buffer("mean", torch.tensor(_MEAN).reshape(3, 1, 1))

    def forward(self, faces: Tensor) -> Tensor:
        hidden = torch.relu(self.first((faces - self.mean) / 256))
        hidden = self.blocks(functional.max_pool2d(hidden, 3, 2))
        embedded: Tensor = self.linear(hidden.mean(dim=(2, 3)))
        return embedded


class _Scaled(nn.Module):
    """A convolution, then a factor and an offset for each channel: batch normalisation as it is after training."""

    def __init__(self, channels: int, width: int, size: int, stride: int, padding: int) -> None:
        super().__init__()
        self.convolution = Convolution2d(channels, width, size, stride, padding)
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, hidden: Tensor) -> Tensor:
        scaled: Tensor = self.convolution(hidden) * self.gamma[:, None, None] + self.beta[:, None, None]
        return scaled


class _Residual(nn.Module):
    def __init__(self, channels: int, width: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = _Scaled(channels, width, 3, 2 if halves else 1, 0 if halves else 1)
        self.second = _Scaled(width, width, 3, 1, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        made = self.second(torch.relu(self.first(hidden)))
        kept = functional.avg_pool2d(hidden, 2, 2) if self.halves else hidden
        return torch.relu(_added(made, kept))


def _added(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two tensors of unlike size, each filled up with zeros, as dlib adds them."""
    shape = [max(a, b) for a, b in zip(one.shape[1:], other.shape[1:], strict=True)]

    def filled(tensor: Tensor) -> Tensor:
        channels, height, width = (wanted - has for wanted, has in zip(shape, tensor.shape[1:], strict=True))
        return functional.pad(tensor, (0, width, 0, height, 0, channels))

    return filled(one) + filled(other)


@lru_cache(maxsize=2)
def dlib_face(device: str) -> DlibFace:
    """The network with its weights; one per process and device."""
    return loaded(fetch(WEIGHTS)).to(device)


def loaded(path: Path) -> DlibFace:
    """The network with the weights of dlib's own file, of which nothing but numbers is read.

    Raises:
        WeightsError: the file holds another network.
    """
    network = DlibFace()
    content = path.read_bytes()
    places = [(found.group(1), found.end()) for found in _LAYER.finditer(content)]
    scaled = [module for module in network.modules() if isinstance(module, _Scaled)]
    wanted = [part for module in scaled for part in ((b"con_4", module), (b"affine_", module))]
    if [name for name, _ in places] != [*(name for name, _ in wanted), b"fc_2"]:
        raise WeightsError(f"{path} is not dlib's face recognition network, version 1: fetch it again.")
    try:
        with torch.no_grad():
            for (_, start), (name, module) in zip(places[:-1], wanted, strict=True):
                numbers, place = torch.from_numpy(_tensor(content, start)), 0
                convolution = module.convolution
                assert convolution.bias is not None
                for part in (convolution.weight, convolution.bias) if name == b"con_4" else (module.gamma, module.beta):
                    part.copy_(numbers[place : place + part.numel()].reshape(part.shape))
                    place += part.numel()
                if place != len(numbers):
                    raise ValueError(f"{len(numbers)} numbers where {place} belong")
            linear = _tensor(content, _after_integers(content, places[-1][1], 2))
            network.linear.weight.copy_(torch.from_numpy(linear.reshape(-1, DIMENSION).T.copy()))
    except (ValueError, RuntimeError, IndexError) as error:
        raise WeightsError(f"{path} is damaged ({error}): fetch it again.") from error
    return network.eval()


_LAYER = re.compile(rb"\x01[\x04\x05\x07](con_4|affine_|fc_2)(?=\x01)")
"""A layer with weights begins with the length of its name and its name."""


def _tensor(content: bytes, start: int) -> NDArray[np.float32]:
    """The numbers of the tensor at a place: version, four sizes, and as many little-endian floats."""
    count, place = 1, start
    for number in range(5):
        value, place = _integer(content, place)
        if number:
            count *= value
        elif value != 2:
            raise ValueError(f"tensor version {value}")
    return np.frombuffer(content, "<f4", count, place).astype(np.float32)


def _after_integers(content: bytes, place: int, count: int) -> int:
    for _ in range(count):
        _, place = _integer(content, place)
    return place


def _integer(content: bytes, place: int) -> tuple[int, int]:
    """A whole number and the place after it: how many bytes it has (bit 7: it is negative), and these."""
    size = content[place]
    if not 1 <= size <= 8:
        raise ValueError(f"no number at byte {place}")
    return int.from_bytes(content[place + 1 : place + 1 + size], "little"), place + 1 + size
