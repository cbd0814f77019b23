"""S3FD (Zhang et al. 2017, arXiv 1708.05237), the face detector whose boxes SyncNet's protocol crops by.

Written from the tensors' names and shapes in `sfd_face.pth` and the steps around them in joonson/syncnet_python at
1fbfc08.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metrics.restricted_pickle import checkpoint
from metrics.sync.syncnet import filled
from metrics.weights import fetch

WEIGHTS = "s3fd"
SCALE = 0.25
"""Images are shrunk to this share before faces are looked for."""
LEAST_SCORE = 0.9
_MEAN = (123.0, 117.0, 104.0)
_CENTRE, _SIZE = 0.1, 0.2
"""Variances that offsets and sizes of boxes are multiples of."""
_OVERLAPS = (0.3, 0.1)
"""Of boxes of one face; first among all that are found, then among those that are left."""
_CHANNELS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
"""Of VGG-16's convolutions; 0 is a pool."""
_SOURCES = {15: "L2Norm3_3", 22: "L2Norm4_3", 29: "L2Norm5_3"}
"""Layers of the trunk whose normalised output faces are found in."""
_TOLD = (256, 512, 512, 1024, 512, 256)
"""Channels of the six maps that faces are found in."""


class S3FD(nn.Module):
    """Boxes and scores of faces at six scales, for anchors of 16 to 512 pixels."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for channels in _CHANNELS:
            if channels:
                layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
                inputs = channels
            else:
                layers.append(nn.MaxPool2d(2, 2, ceil_mode=len(layers) == 16))
        layers += [nn.Conv2d(512, 1024, 3, padding=6, dilation=6), nn.ReLU(), nn.Conv2d(1024, 1024, 1), nn.ReLU()]
        self.vgg = nn.ModuleList(layers)
        self.L2Norm3_3, self.L2Norm4_3, self.L2Norm5_3 = (_Norm(channels) for channels in (256, 512, 512))
        self.extras = nn.ModuleList(
            [nn.Conv2d(1024, 256, 1), nn.Conv2d(256, 512, 3, 2, padding=1),
             nn.Conv2d(512, 128, 1), nn.Conv2d(128, 256, 3, 2, padding=1)]
        )  # fmt: skip
        self.loc = nn.ModuleList([nn.Conv2d(channels, 4, 3, padding=1) for channels in _TOLD])
        self.conf = nn.ModuleList(
            [nn.Conv2d(channels, 2 if place else 4, 3, padding=1) for place, channels in enumerate(_TOLD)]
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """An RGB image less its mean, float32 [1, 3, H, W], to boxes [A, 4] relative to its sides, and scores [A].

        Boxes are left, top, right, bottom.
        """
        maps = self._maps(image)
        boxes, scores = [], []
        for place, (seen, where, what) in enumerate(zip(maps, self.loc, self.conf, strict=True)):
            logits = what(seen)[0]
            if place == 0:  # three ways of being no face, of which the likeliest counts
                logits = torch.cat([logits[:3].amax(dim=0, keepdim=True), logits[3:]])
            scores.append(logits.softmax(dim=0)[1].flatten())
            offsets = where(seen)[0].permute(1, 2, 0).reshape(-1, 4)
            boxes.append(_decoded(offsets, _anchors(seen.shape[2:], image.shape[2:], place, image)))
        return torch.cat(boxes), torch.cat(scores)

    def _maps(self, image: Tensor) -> list[Tensor]:
        maps = []
        signal = image
        for place, layer in enumerate(self.vgg):
            signal = layer(signal)
            if place in _SOURCES:
                maps.append(getattr(self, _SOURCES[place])(signal))
        maps.append(signal)
        for place, layer in enumerate(self.extras):
            signal = layer(signal).relu()
            if place % 2:
                maps.append(signal)
        return maps


class _Norm(nn.Module):
    """Vectors of unit length over the channels, times a learnt factor for each."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, signal: Tensor) -> Tensor:
        length = signal.square().sum(dim=1, keepdim=True).sqrt() + 1e-10
        return self.weight[:, None, None] * signal / length


def _anchors(cells: torch.Size, image: torch.Size, place: int, like: Tensor) -> Tensor:
    """Centre and size of each anchor of a map relative to the image's sides, [A, 4], row by row."""
    step, size = 4 * 2**place, 16 * 2**place
    height, width = image
    y, x = torch.meshgrid(*(torch.arange(n, device=like.device) + 0.5 for n in cells), indexing="ij")
    centres = torch.stack([x * step / width, y * step / height], dim=-1).reshape(-1, 2)
    return torch.cat([centres, centres.new_tensor([size / width, size / height]).expand_as(centres)], dim=1)


def _decoded(offsets: Tensor, anchors: Tensor) -> Tensor:
    centres = anchors[:, :2] + offsets[:, :2] * _CENTRE * anchors[:, 2:]
    sizes = anchors[:, 2:] * torch.exp(offsets[:, 2:] * _SIZE)
    return torch.cat([centres - sizes / 2, centres + sizes / 2], dim=1)


def faces(network: S3FD, image: NDArray[np.uint8], device: str) -> NDArray[np.float64]:
    """Left, top, right, bottom, in pixels, and score of the faces in an RGB image, uint8 [H, W, 3]: float64 [N, 5].

    The surest comes first.
    """
    shrunk = cv2.resize(image, (0, 0), fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    pixels = torch.from_numpy(shrunk - np.array(_MEAN, np.float32)).permute(2, 0, 1)[None].to(device)
    with torch.inference_mode():
        boxes, scores = (found.cpu().double().numpy() for found in network(pixels))
    sure = scores > LEAST_SCORE
    height, width = image.shape[:2]
    found = np.column_stack([boxes[sure] * [width, height, width, height], scores[sure]])
    found = found[np.argsort(-found[:, 4], kind="stable")]
    for overlap in _OVERLAPS:
        found = _apart(found, overlap)
    return found


def _apart(boxes: NDArray[np.float64], overlap: float) -> NDArray[np.float64]:
    """The boxes that overlap no surer one by more."""
    kept: list[int] = []
    for place, box in enumerate(boxes):
        others = boxes[kept]
        low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:4], others[:, 2:4])
        common = np.clip(high - low, 0, None).prod(axis=1)
        areas = (others[:, 2:4] - others[:, :2]).prod(axis=1) + (box[2:4] - box[:2]).prod()
        if not (common > overlap * (areas - common)).any():
            kept.append(place)
    return boxes[kept]


@lru_cache(maxsize=2)
def s3fd(device: str) -> S3FD:
    """The released network.

    Raises:
        WeightsError: the user has not put the weights here, or the file is not what it should be.
    """
    network = S3FD().eval()
    filled(network, checkpoint(path := fetch(WEIGHTS)), f"{path} is no S3FD")
    return network.to(device)
