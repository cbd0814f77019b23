"""Peak memory, as the process, PyTorch's allocator and the device each see it."""

from __future__ import annotations

import sys
from typing import Any

from bench.run.memory import PeakMemory

MIB = 2**20


class Peaks:
    """Peaks since it was made, in MiB, by place.

    `host` is the process's resident memory; on a GPU `allocated` is what PyTorch's tensors took, `reserved` what its
    allocator holds, and `device` what the whole device has in use by then, other processes included.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._host = PeakMemory()  # resets the peaks of both
        self._device = device if device.startswith("cuda") else None
        if self._device is not None:
            sys.modules["torch"].cuda.reset_peak_memory_stats(self._device)  # it need not be the current one

    def mib(self) -> dict[str, float]:
        """The peaks so far."""
        told = {"host": self._host.mib()["host"]}
        if self._device is not None:
            cuda: Any = sys.modules["torch"].cuda
            free, total = cuda.mem_get_info(self._device)
            told["allocated"] = cuda.max_memory_allocated(self._device) / MIB
            told["reserved"] = cuda.max_memory_reserved(self._device) / MIB
            told["device"] = (total - free) / MIB
        return told
