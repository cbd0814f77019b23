"""Run a network in blocks of one fixed shape, across the borders between clips.

A convolution's rounding depends on the shape of its batch, so a last batch of another size, another number of workers
or another order of clips would move a score in its last digits. Here every batch has the same shape, the last one being
filled up with zeros, and a clip's items wait for those of the next clip to fill a block. What remains is the machine:
another device or number of threads may still round differently.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class BlockRunner:
    """Feeds items to a network in blocks of `size`, in full float32 precision and without gradients.

    Args:
        network: float32 [size, ...] to float32 [size, d].
        size: items in a block.
    """

    def __init__(self, network: Callable[[Tensor], Tensor], size: int) -> None:
        self._network = network
        self._size = size
        self._waiting: deque[tuple[Ticket, Tensor]] = deque()
        self._items = 0
        self._lock = threading.RLock()

    def submit(self, items: Tensor) -> Ticket:
        """Queue float32 [k, ...]; whole blocks run now, the rest once a block is full or a result is asked for."""
        ticket = Ticket(self, len(items))
        with self._lock:
            if len(items):
                self._waiting.append((ticket, items))
                self._items += len(items)
            while self._items >= self._size:
                self._run_block()
        return ticket

    def finish(self, ticket: Ticket) -> None:
        """Run blocks until the ticket has all its results; the last may be filled up with zeros."""
        with self._lock:
            while ticket.missing:
                self._run_block()

    def _run_block(self) -> None:
        owners: list[tuple[Ticket, int]] = []
        parts: list[Tensor] = []
        free = self._size
        while free and self._waiting:
            ticket, items = self._waiting.popleft()
            taken = min(free, len(items))
            if taken < len(items):
                self._waiting.appendleft((ticket, items[taken:]))
            owners.append((ticket, taken))
            parts.append(items[:taken])
            free -= taken
        self._items -= self._size - free
        if free:
            parts.append(parts[0].new_zeros(free, *parts[0].shape[1:]))
        features = self._run(torch.cat(parts))
        position = 0
        for ticket, taken in owners:
            ticket.deliver(features[position : position + taken])
            position += taken

    def _run(self, block: Tensor) -> NDArray[np.float32]:
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        whole = torch.autocast(block.device.type, enabled=False)
        with torch.inference_mode(), exact, whole:
            return self._network(block).cpu().numpy()


class Ticket:
    """A claim on the results of some items."""

    def __init__(self, runner: BlockRunner, items: int) -> None:
        self.missing = items
        self._runner = runner
        self._parts: list[NDArray[np.float32]] = []

    def deliver(self, features: NDArray[np.float32]) -> None:
        """Called by the runner with the next results."""
        self._parts.append(features.copy())
        self.missing -= len(features)

    def result(self) -> NDArray[np.float32]:
        """float32 [k, d] in the order of the items; runs what is still pending."""
        self._runner.finish(self)
        return np.concatenate(self._parts) if self._parts else np.empty((0, 0), np.float32)
