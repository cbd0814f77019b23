"""Energy from counters of the hardware: RAPL for a processor's packages, NVML for a GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from reports.profiles import Quantity

POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Joules since it was made, of all that ran there meanwhile; or the reason why nobody counts them."""

    def __init__(self, device: str = "cpu", powercap: Path = POWERCAP) -> None:
        self._counters: list[_Counter] = []
        self._missing = ""
        try:
            self._counters = _gpu_counters(device) if device.startswith("cuda") else _package_counters(powercap)
            self._before = [counter.joules() for counter in self._counters]
        except (OSError, ValueError, RuntimeError, AttributeError) as error:
            self._missing = str(error) or type(error).__name__

    def joules(self, calls: int) -> Quantity:
        """Joules for each of so many calls."""
        if self._missing:
            return Quantity(missing=self._missing)
        try:
            spent = [
                (counter.joules() - before) % counter.wraps_at if counter.wraps_at else counter.joules() - before
                for counter, before in zip(self._counters, self._before, strict=True)
            ]
        except (OSError, ValueError, RuntimeError) as error:
            return Quantity(missing=str(error))
        return Quantity(value=sum(spent) / calls) if calls else Quantity(missing="no call")


class _Counter:
    """One counter; `wraps_at` is where it begins again from zero, 0 if never."""

    def __init__(self, joules: Callable[[], float], wraps_at: float) -> None:
        self.joules, self.wraps_at = joules, wraps_at


def _package_counters(powercap: Path) -> list[_Counter]:
    zones = sorted(zone for zone in powercap.glob("intel-rapl:*") if zone.name.count(":") == 1)
    if not zones:
        raise OSError("this machine shows no RAPL counter")

    def reading(zone: Path) -> Callable[[], float]:
        return lambda: int((zone / "energy_uj").read_text()) / 1e6

    try:
        return [_Counter(reading(zone), int((zone / "max_energy_range_uj").read_text()) / 1e6) for zone in zones]
    except PermissionError as error:
        raise OSError("the RAPL counter may not be read by this user") from error


def _gpu_counters(device: str) -> list[_Counter]:
    import torch

    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        raise OSError("NVML, the driver's library, is not here") from error
    _ask(nvml.nvmlInit_v2())
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    handle = ctypes.c_void_p()
    _ask(nvml.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)))

    def joules() -> float:
        millijoules = ctypes.c_ulonglong()
        _ask(nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)))
        return millijoules.value / 1e3

    return [_Counter(joules, 0)]


def _ask(answer: int) -> None:
    if answer:
        raise OSError(f"the GPU's driver counts no energy here (NVML answers {answer})")
