"""Reading the time: when the device is done, without the collector of garbage in between."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

resource: ModuleType | None
try:
    import resource
except ImportError:  # not on Windows
    resource = None


def synchronizer(device: str) -> Callable[[], None]:
    """What waits until a device has done all that it was asked to; nothing to wait for on the processor."""
    if not device.startswith("cuda"):
        return lambda: None
    import torch

    return lambda: torch.cuda.synchronize(device)


def processor_seconds() -> float:
    """Seconds that this process, on all its threads, and the programs that it has waited for have computed.

    Waiting for a core that others hold does not count, so that it differs much less from call to call on a machine
    that others use.
    """
    if resource is None:
        return time.process_time()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return float(sum(usage.ru_utime + usage.ru_stime for usage in used))


@dataclass(frozen=True)
class DeviceClock:
    """Seconds on the wall, read when the device is done.

    Kernels run behind the program's back: a clock that is read without waiting for them measures their launch.

    Attributes:
        device: what is waited for.
        now: seconds on the wall.
        worked: seconds that processors worked for this program.
    """

    device: str = "cpu"
    now: Callable[[], float] = time.perf_counter
    worked: Callable[[], float] = processor_seconds

    def read(self) -> tuple[float, float]:
        """Seconds on the wall and of the processors, once the device has nothing left to do."""
        synchronizer(self.device)()
        return self.now(), self.worked()


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
