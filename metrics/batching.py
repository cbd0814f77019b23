"""Run the items of one clip through a network in blocks of one fixed shape.

A convolution's rounding depends on the shape of its batch, so that a last batch of another size, or a block shared with
other clips, would move a score in its last digits with the number of workers or the order of the clips. Here a clip's
blocks hold its own items only and have the same shape throughout, the last one being filled up with zeros. What remains
is the machine: another device or number of threads may still round differently.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Blocks:
    """One clip's items on their way through a network, in full float32 precision and without gradients.

    Fewer than one block of items wait at a time.

    Args:
        network: float32 [size, ...] to float32 [size, d].
        size: items in a block.
    """

    def __init__(self, network: Callable[[Tensor], Tensor], size: int) -> None:
        self._network = network
        self._size = size
        self._waiting: list[Tensor] = []
        self._results: list[NDArray[np.float32]] = []
        self.items = 0
        """How many items came in so far."""

    def add(self, items: Tensor) -> None:
        """Take the next items, float32 [k, ...]; whole blocks run now."""
        for item in items:
            self._waiting.append(item)
            self.items += 1
            if len(self._waiting) == self._size:
                self._run()

    def results(self) -> NDArray[np.float32]:
        """float32 [k, d] in the order of all k > 0 items; runs what still waits."""
        if self._waiting:
            self._run()
        return np.concatenate(self._results)

    def _run(self) -> None:
        block = torch.stack(self._waiting)
        self._waiting = []
        missing = self._size - len(block)
        if missing:
            block = torch.cat([block, block.new_zeros(missing, *block.shape[1:])])
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        whole = torch.autocast(block.device.type, enabled=False)
        with torch.inference_mode(), exact, whole:
            self._results.append(self._network(block)[: self._size - missing].cpu().numpy())
