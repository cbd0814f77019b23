"""What the machine did beside the timed calls: load, clocks, throttling, other processes."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from reports.profiles import Machine, Quantity

_THROTTLES = "/sys/devices/system/cpu"
_GPU_FIELDS = "name,clocks.sm,clocks.mem,temperature.gpu,power.draw,clocks_event_reasons.active,utilization.gpu"


class MachineWatch:
    """Looks at the machine from now on.

    Args:
        device: a GPU is asked for its clocks where it is one.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._start = time.perf_counter()
        self._load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        self._busy, self._own = _busy_seconds(), _own_seconds()
        self._switches = _lost_cores()
        self._throttled = _throttle_count()
        self._clocks: list[float] = []
        self._yardstick: dict[str, list[float]] = {"wall": [], "processor": []}
        self._gpu = [*_gpu_state(device)]
        self.look()

    def look(self) -> None:
        """Take one more sample of the processor's clock and speed; 2 ms, and never inside a timed stretch."""
        for clock_name, seconds in zip(self._yardstick, _yardstick_seconds(), strict=True):
            self._yardstick[clock_name].append(seconds)
        clock = _clock_mhz()
        if clock is not None:
            self._clocks.append(clock)

    def seen(self) -> Machine:
        """All of it, since the watch began."""
        self.look()
        seconds = time.perf_counter() - self._start
        others = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        load = None if self._load is None else (self._load, os.getloadavg()[0])
        switches = _lost_cores()
        return Machine(
            load=load,
            other_cores=max(0.0, others / seconds) if seconds > 0 else None,
            clock_mhz=(min(self._clocks), sum(self._clocks) / len(self._clocks)) if self._clocks else None,
            throttled=_difference(self._throttled, _throttle_count()),
            switches=None if switches is None or self._switches is None else switches - self._switches,
            yardstick={name: median(seconds) for name, seconds in self._yardstick.items()},
            gpu=tuple([*self._gpu, *_gpu_state(self._device)]),
        )


def _yardstick_seconds() -> tuple[float, float]:
    """Seconds on the wall and of the processor for a fixed piece of work: arithmetic, memory and the interpreter.

    Single-threaded by its kind: NumPy's sums and sorts use one thread whatever BLAS is told.
    """
    numbers = np.random.default_rng(0).random(1 << 15)
    start = time.perf_counter(), time.thread_time()
    np.sort(numbers)
    np.exp(numbers).cumsum()
    sum(range(1 << 14))
    return time.perf_counter() - start[0], time.thread_time() - start[1]


def _busy_seconds() -> float:
    """Seconds that all cores together have worked."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    counted_twice = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - counted_twice)


def _own_seconds() -> float:
    """Seconds that this process and those it has started and waited for have worked."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0))


def _lost_cores() -> int | None:
    """How often the core was taken from this process."""
    try:
        return int(psutil.Process().num_ctx_switches().involuntary)
    except (psutil.Error, NotImplementedError, AttributeError):
        return None


def _clock_mhz() -> float | None:
    try:
        frequency = psutil.cpu_freq()
    except (OSError, NotImplementedError, AttributeError, RuntimeError):
        return None
    return float(frequency.current) if frequency and frequency.current else None


def _throttle_count() -> Quantity:
    """How often any core was slowed since the machine started."""
    files = sorted(Path(_THROTTLES).glob("cpu[0-9]*/thermal_throttle/*_throttle_count"))
    if not files:
        return Quantity(missing="the kernel shows no throttle counters here")
    try:
        return Quantity(value=float(sum(int(file.read_text()) for file in files)))
    except (OSError, ValueError) as error:
        return Quantity(missing=f"the throttle counters cannot be read ({error})")


def _difference(before: Quantity, after: Quantity) -> Quantity:
    if before.value is None or after.value is None:
        return before if before.value is None else after
    return Quantity(value=after.value - before.value)


def _gpu_state(device: str) -> list[str]:
    """What the driver says of the GPU, as it says it."""
    if not device.startswith("cuda"):
        return []
    command = ["nvidia-smi", f"--query-gpu={_GPU_FIELDS}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"nvidia-smi cannot be asked ({type(error).__name__})"]
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
