"""Work that the observers of one clip share: what one of them has found in a frame is not computed again for another.

The harness shows each chunk of frames to all observers while it holds `shared_work` open. What they look for by `once`
meanwhile is computed for the first that asks, and forgotten when the chunk is done, so that memory does not grow with
the clip. Outside, as in a training loop, everybody computes for himself, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from numpy.typing import NDArray

Found = TypeVar("Found")

_work: ContextVar[dict[Hashable, tuple[Any, NDArray[Any]]] | None] = ContextVar("work", default=None)


@contextmanager
def shared_work() -> Iterator[None]:
    """While it is open nobody may change a frame that is shown."""
    token = _work.set({})
    try:
        yield
    finally:
        _work.reset(token)


def once(what: Hashable, frame: NDArray[Any], compute: Callable[[], Found]) -> Found:
    """What `compute` returns, which others may have had computed already.

    Args:
        what: everything the result depends on beside the frame: what is looked for, settings, and what came before.
        frame: that is looked at; the same place in memory is the same frame.
        compute: a pure function; nobody may change what it returns.
    """
    kept = _work.get()
    if kept is None:
        return compute()
    key = what, frame.__array_interface__["data"][0], frame.shape, frame.strides, frame.dtype.str
    if key not in kept:
        kept[key] = compute(), frame  # which stays, so that no other comes to lie where it does
    found: Found = kept[key][0]
    return found
