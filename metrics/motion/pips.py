"""PIPs++, a network that tracks points through sixteen frames (Zheng et al. 2023, PointOdyssey, arXiv 2307.15055).

Tracks begin at rest and are corrected sixteen times, each time from how well the features around the current positions
agree with the features where the point was at the first frame, two frames ago and four frames ago. Parameter names are
those of the released checkpoint; the settings are those of the package fvmd 1.0.0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metrics.motion.grid import WINDOW
from metrics.motion.pips_encoder import FEATURES, STRIDE, FrameEncoder
from metrics.motion.pips_motion import TrackCorrection

ITERATIONS = 16
CORRECTED_FULLY = 12
"""Corrections after this many, the first not counted, are halved, which smooths the tracks."""
_LEVELS = 4
_RADIUS = 3
_CORRELATIONS = _LEVELS * (2 * _RADIUS + 1) ** 2


class PipsPlusPlus(nn.Module):
    """Encode every frame once with `encode`, then track any window of sixteen encoded frames with `track`."""

    def __init__(self) -> None:
        super().__init__()
        self.fnet = FrameEncoder()
        self.delta_block = TrackCorrection(3 * _CORRELATIONS)
        self.norm = nn.GroupNorm(1, FEATURES)  # in the checkpoint; the network does not use it

    def encode(self, frames: Tensor) -> Tensor:
        """Features [n, 128, H/8, W/8] of RGB frames [n, 3, H, W] in 0..255."""
        features: Tensor = self.fnet(2 * (frames / 255.0) - 1.0)
        return features

    def track(self, features: Tensor, points: Tensor) -> Tensor:
        """Tracks [16, n, 2] in pixels of `points` [n, 2] in the first of sixteen encoded frames [16, 128, h, w]."""
        pyramid = [features]
        for _ in range(_LEVELS - 1):
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        start = points / STRIDE
        tracks = start.expand(WINDOW, -1, -1).clone()
        at_start = _sampled(features[:1], tracks[:1])
        targets = _targets(at_start)
        correlations = [_correlations(targets, level) for level in pyramid]
        for iteration in range(ITERATIONS):
            seen = [_around(correlations, tracks)]
            for ago in (2, 4):
                then = (torch.arange(WINDOW, device=tracks.device) - ago).clamp(min=0)
                at_then = _sampled(features[then], tracks[then]) if iteration else at_start
                seen.append(_around([_correlations(_targets(at_then), level) for level in pyramid], tracks))
            motion = tracks.diff(dim=0)
            motion = torch.cat([motion, motion[-1:]])
            correction = self.delta_block(torch.cat(seen, dim=2), motion)
            scale = 0.5 if iteration > CORRECTED_FULLY else 1.0
            tracks = tracks + scale * correction
            tracks[0] = start
        return tracks * STRIDE


def _sampled(features: Tensor, positions: Tensor) -> Tensor:
    """Features [t, n, c] at positions [t, n, 2] in cells of [t, c, h, w]; beyond the edge, those of the edge."""
    found = F.grid_sample(
        features, _in_unit_square(positions, features)[:, None], padding_mode="border", align_corners=True
    )
    at_positions: Tensor = found[:, :, 0].transpose(1, 2)
    return at_positions


def _targets(features: Tensor) -> Tensor:
    return features.expand(WINDOW, -1, -1) / math.sqrt(FEATURES)


def _correlations(targets: Tensor, features: Tensor) -> Tensor:
    """Scalar products [t, n, h, w] of targets [t, n, c] with all features [t, c, h, w]."""
    products: Tensor = (targets @ features.flatten(2)).view(*targets.shape[:2], *features.shape[2:])
    return products


def _around(correlations: list[Tensor], tracks: Tensor) -> Tensor:
    """Correlations [t, n, 4 * 49] in 7 x 7 cells around each position on every level; 0 beyond the edge."""
    t, n, _ = tracks.shape
    steps = torch.arange(-_RADIUS, _RADIUS + 1, device=tracks.device, dtype=tracks.dtype)
    offsets = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), dim=-1)
    seen = []
    for level, volume in enumerate(correlations):
        positions = tracks.reshape(t * n, 1, 1, 2) / 2**level + offsets
        maps = volume.reshape(t * n, 1, *volume.shape[2:])
        seen.append(F.grid_sample(maps, _in_unit_square(positions, maps), align_corners=True).view(t, n, -1))
    return torch.cat(seen, dim=2)


def _in_unit_square(positions: Tensor, image: Tensor) -> Tensor:
    """Positions in cells as `grid_sample` wants them: -1..1 from the first cell's centre to the last's."""
    height, width = image.shape[-2:]
    return 2 * positions / torch.tensor([width - 1, height - 1], device=positions.device) - 1
