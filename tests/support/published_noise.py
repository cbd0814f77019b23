"""The noise whose FVD universome/fvd-comparison publishes, and its logits by our network."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.batching import Blocks
from metrics.video.i3d import BLOCK, i3d

SEEDS, CLIPS = (1, 2), 128
PUBLISHED = {"TensorFlow": (1, 10.1380854, 1e-5), "StyleGAN-V": (0, 10.0628, 1e-4)}
"""By whom: the ddof of the covariances, the number, and how far from it we may be."""
KEPT = 8
"""Of each side, the clips whose logits are goldens."""


def noise_logits(seed: int, clips: int) -> NDArray[np.float32]:
    """Logits of the first clips of uniform noise, values 0..1 as they are."""
    generator = np.random.RandomState(seed)
    logits = Blocks(i3d("cpu"), BLOCK)
    for _ in range(clips):
        window = torch.from_numpy(generator.rand(16, 224, 224, 3).astype(np.float32))
        logits.add(window.permute(3, 0, 1, 2)[None])
    return logits.results()
