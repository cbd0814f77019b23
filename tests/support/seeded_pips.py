"""Seeded inputs and weights for PIPs++, shared by its test and by the script that made the golden numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

POINTS = slice(None, None, 37)
"""Of the 400 points of the grid: eleven, all over the frame."""


def seeded_weights(shapes: Mapping[str, torch.Size], seed: int = 0) -> dict[str, torch.Tensor]:
    """Normal weights that keep the scale of what passes through, so that sixteen corrections move points some pixels.

    Larger steps of a network that was never trained do not converge, and would blow rounding up.
    """
    generator = np.random.default_rng(seed)
    weights = {}
    for name in sorted(shapes):
        shape = tuple(shapes[name])
        scale = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
        scale *= 0.004 if "dense" in name else 1.0
        weights[name] = torch.from_numpy((generator.normal(size=shape) * scale).astype(np.float32))
    return weights


def seeded_frames(seed: int = 1) -> torch.Tensor:
    """Sixteen frames float32 [16, 3, 256, 256], 0..255, whole numbers: a smooth pattern that drifts and changes."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:256, 0:256]
    frames = np.zeros((16, 3, 256, 256))
    for _ in range(40):
        waves, phase, speed = generator.normal(0, 0.12, 2), generator.uniform(0, 6.3, 3), generator.normal(0, 0.2)
        for t in range(16):
            frames[t] += np.sin(x * waves[0] + y * waves[1] + speed * t + phase[:, None, None])
    return torch.from_numpy(np.clip(np.rint(frames * 14 + 128), 0, 255).astype(np.float32))


def seeded_tracks(seed: int, windows: int = 6) -> np.ndarray:
    """Tracks float32 [windows, 16, 400, 2] with rests, straight and diagonal motion, and jumps beyond the frame."""
    generator = np.random.default_rng(seed)
    pace = np.exp(generator.normal(0, 2, (windows, 1, 400, 1)))
    steps = generator.normal(size=(windows, 16, 400, 2)) * pace
    steps[:, :, ::5] = np.rint(steps[:, :, ::5])
    steps[:, :, 1::5] = np.rint(steps[:, :, 1::5] / 4) * 0.25
    return (100 + np.cumsum(steps, axis=1)).astype(np.float32)
