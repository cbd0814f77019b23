"""Peak memory of one narration."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil


class PeakMemory:
    """Peak memory of this process, and of the GPU where one is used, from now on; MiB."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            Path("/proc/self/clear_refs").write_text("5")  # resets the kernel's high-water mark
        self._torch = sys.modules.get("torch")
        if self._on_gpu():
            self._torch.cuda.reset_peak_memory_stats()  # type: ignore[union-attr]

    def mib(self) -> dict[str, float]:
        """Peak resident memory, and peak allocated GPU memory if any."""
        peak = {"host": _high_water() / 2**20}
        if self._on_gpu():
            peak["gpu"] = self._torch.cuda.max_memory_allocated() / 2**20  # type: ignore[union-attr]
        return peak

    def _on_gpu(self) -> bool:
        return self._torch is not None and self._torch.cuda.is_available() and self._torch.cuda.is_initialized()


def _high_water() -> float:
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return float(line.split()[1]) * 1024
    return float(psutil.Process().memory_info().rss)
