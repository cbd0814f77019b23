"""A limit on how long a generator may take for one clip."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from narrator.contract import GenerationFailed


@contextmanager
def interrupted_after(seconds: float | None) -> Iterator[None]:
    """Raise `GenerationFailed` in a block that takes longer; native code that does not return is not interrupted."""
    can = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not can:
        yield
        return

    def interrupt(*_: object) -> None:
        raise GenerationFailed(f"the generator took longer than time_limit = {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
