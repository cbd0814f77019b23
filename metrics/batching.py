"""Run the items of one clip through a network in blocks of one fixed shape.

A network's rounding may depend on the shape of its batch, so that a last batch of another size, or a block shared with
other clips, would move a score in its last digits with the number of workers or the order of the clips. Here a clip's
blocks hold its own items only and have the same shape throughout, the last one being filled up with zeros. What remains
is the machine: another device or number of threads may still round differently.

A block that does not fit into memory is tried once more after PyTorch has given back what it keeps, which changes no
bit, and then in halves of halves, of which a warning tells. On a CPU the networks of our metrics give the same bits at
every size (`metrics.video.convolution`, `tests/metrics/test_halved_blocks.py`); on a GPU cuDNN chooses its way by the
size of the batch, and numbers are equal within the rounding of float32.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_LOG = logging.getLogger(__name__)


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
        self._most = size  # items that fitted into memory, of this clip only: others may find more
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
            self._results.append(self._fitting(block)[: self._size - missing])

    def _fitting(self, block: Tensor) -> NDArray[np.float32]:
        """The network's results for a block, in as many parts as memory asks for."""
        for again in (False, True):
            if len(block) > self._most:
                break
            try:
                return self._network(block).cpu().numpy()
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error) or (again and len(block) == 1):
                    raise
            # Here the error is gone, and with its traceback the tensors that it held.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        half = (len(block) + 1) // 2
        if self._most > half:
            self._most = half
            changed = "" if block.is_cpu else ", which may change the last digits of its numbers"
            _LOG.warning(
                "Out of memory: this clip goes through its network %d items at a time, not %d%s.",
                half, self._size, changed,
            )  # fmt: skip
        return np.concatenate([self._fitting(part) for part in torch.split(block, half)])


def _out_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Whether memory, of a GPU or the machine, did not suffice."""
    words = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "out of memory" in words
        or "can't allocate memory" in words
    )
