"""Speech as input of the video networks: features of each frame, and windows of them."""

from __future__ import annotations

import torch
from torch import Tensor


def windows(features: Tensor, start: int, count: int, width: int) -> Tensor:
    """Features of each frame together with its neighbours'; beyond either end the outermost frame is repeated.

    Args:
        features: [frames, blocks, channels].
        start: first frame.
        count: number of frames; may reach beyond the end.
        width: frames in a window, odd: for 5 the frames f - 2 .. f + 2.

    Returns:
        [count, width, blocks, channels].
    """
    centres = torch.arange(start, start + count, device=features.device)
    offsets = torch.arange(width, device=features.device) - width // 2
    return features[(centres[:, None] + offsets).clamp(0, len(features) - 1)]
