"""Reading the time: when the device is done, without the collector of garbage in between."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


def synchronizer(device: str) -> Callable[[], None]:
    """What waits until a device has done all that it was asked to; nothing to wait for on the processor."""
    if not device.startswith("cuda"):
        return lambda: None
    import torch

    return lambda: torch.cuda.synchronize(device)


@dataclass(frozen=True)
class DeviceClock:
    """Seconds on the wall, read when the device is done.

    Kernels run behind the program's back: a clock that is read without waiting for them measures their launch.
    """

    device: str = "cpu"
    now: Callable[[], float] = time.perf_counter

    def read(self) -> float:
        """The time, once the device has nothing left to do."""
        synchronizer(self.device)()
        return self.now()


def kernel_seconds(work: Callable[[], object], device: str, now: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that a device takes for some work: between two CUDA events, on the processor by the clock."""
    if not device.startswith("cuda"):
        start = now()
        work()
        return now() - start
    import torch

    event: Any = torch.cuda.Event  # which has no types
    with torch.cuda.device(device):
        begin, end = event(enable_timing=True), event(enable_timing=True)
        torch.cuda.synchronize()
        begin.record()
        work()
        end.record()
        end.synchronize()
        return float(begin.elapsed_time(end)) / 1e3


@contextmanager
def garbage_kept() -> Iterator[None]:
    """No automatic collection of garbage inside the block; what there is before is collected and then left alone.

    Freezing it makes `collect_between` quick: a collection looks only at what came since.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def collect_between() -> None:
    """Collect what a call left, so that the next one does not start with more of it than the one before."""
    gc.collect()
