"""SyncNet (Chung and Zisserman 2016, Out of time: automated lip sync in the wild), in the form of its released weights.

Written from the tensors' names and shapes in `syncnet_v2.model` and from what joonson/syncnet_python at 1fbfc08 feeds
the two streams with.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from metrics.restricted_pickle import checkpoint
from metrics.video.convolution import Connection, Convolution2d, Convolution3d
from metrics.weights import WeightsError, fetch

WEIGHTS = "syncnet"
FEATURES = 1024
FRAMES = 5
"""Frames of video in a window."""
CEPSTRA = 20
"""MFCC vectors beside them, at 100 Hz."""
SIDE = 224


class SyncNet(nn.Module):
    """Two streams into one space of 1024 dimensions, in which lips lie close to their words."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_layer(Convolution2d, 1, 64, 3, padding=1), nn.MaxPool2d(1, 1),
            *_layer(Convolution2d, 64, 192, 3, padding=1), nn.MaxPool2d(3, (1, 2)),
            *_layer(Convolution2d, 192, 384, 3, padding=1),
            *_layer(Convolution2d, 384, 256, 3, padding=1),
            *_layer(Convolution2d, 256, 256, 3, padding=1), nn.MaxPool2d(3, 2),
            *_layer(Convolution2d, 256, 512, (5, 4)),
        )  # fmt: skip
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_layer(Convolution3d, 3, 96, (FRAMES, 7, 7), stride=(1, 2, 2)), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_layer(Convolution3d, 96, 256, (1, 5, 5), stride=(1, 2, 2), padding=(0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_layer(Convolution3d, 256, 256, (1, 3, 3), padding=(0, 1, 1)),
            *_layer(Convolution3d, 256, 256, (1, 3, 3), padding=(0, 1, 1)),
            *_layer(Convolution3d, 256, 256, (1, 3, 3), padding=(0, 1, 1)), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_layer(Convolution3d, 256, 512, (1, 6, 6)),
        )  # fmt: skip

    def sound(self, cepstra: Tensor) -> Tensor:
        """float32 [N, 1, 13, 20] to [N, 1024]."""
        features: Tensor = self.netfcaud(self.netcnnaud(cepstra).flatten(1))
        return features

    def lips(self, frames: Tensor) -> Tensor:
        """BGR video of 0..255, float32 [N, 3, 5, 224, 224], to [N, 1024]."""
        features: Tensor = self.netfclip(self.netcnnlip(frames).flatten(1))
        return features


@lru_cache(maxsize=2)
def syncnet(device: str) -> SyncNet:
    """The released network.

    Raises:
        WeightsError: the user has not put the weights here, or the file is not what it should be.
    """
    network = SyncNet().eval()
    filled(network, checkpoint(path := fetch(WEIGHTS)), f"{path} is no SyncNet")
    return network.to(device)


def filled(network: nn.Module, tensors: dict[str, Any], wrong: str) -> None:
    """Put tensors into a network; counters of batch normalisation, which old files lack, are not needed.

    Raises:
        WeightsError: a tensor is missing, is too many or has another shape.
    """
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    given = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
    for name in sorted(own.keys() | given.keys()):
        shapes = [list(side[name].shape) if name in side else None for side in (own, given)]
        if shapes[0] != shapes[1]:
            raise WeightsError(f"{wrong}: its tensor {name} is {shapes[1] or 'missing'}, not {shapes[0] or 'known'}.")
    network.load_state_dict(given, strict=False)


def _layer(convolution: Any, inputs: int, outputs: int, kernel: Any, **shape: Any) -> tuple[nn.Module, ...]:
    norm = nn.BatchNorm2d if convolution is Convolution2d else nn.BatchNorm3d
    return convolution(inputs, outputs, kernel, **shape), norm(outputs), nn.ReLU()


def _head() -> nn.Sequential:
    return nn.Sequential(Connection(512, 512), nn.BatchNorm1d(512), nn.ReLU(), Connection(512, FEATURES))


def distances(lips: Tensor, sound: Tensor, shifts: int) -> Tensor:
    """Mean distance of lips and sound at each shift, [2 shifts + 1], the first with the sound `shifts` frames earlier.

    Sound beyond its ends is a feature vector of zeros, which counts: the reference's protocol.

    Args:
        lips, sound: [T, 1024], a window each frame.
    """
    padded = nn.functional.pad(sound, (0, 0, shifts, shifts))
    return torch.stack(
        [nn.functional.pairwise_distance(lips, padded[i : i + len(lips)]).mean() for i in range(2 * shifts + 1)]
    )
