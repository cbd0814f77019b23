"""One thread for PyTorch on the processor: sums cut among threads round differently for each number of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with so many threads inside the block, with as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_thread() -> AbstractContextManager[None]:
    """Compute with one thread inside the block, with as many as before after it."""
    return threads(1)


def each_on_one_thread(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each computed with one thread; between them the caller's number of threads holds."""
    while True:
        with one_thread():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
