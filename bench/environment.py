"""The environment of a run: versions, device, clocks, git revision."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import psutil
from packaging.requirements import Requirement

_GPU_DEVICES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvgpu", "/dev/dxg", "/dev/kfd")
"""One of these is there wherever PyTorch can reach a GPU on Linux: NVIDIA's drivers, Jetsons, WSL, AMD's driver."""


def describe(device: str) -> dict[str, Any]:
    """What the numbers may depend on beside study, clips and weights; JSON values."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": gpu(),
        "metrics_device": device,
        "git": _git(Path(__file__).resolve().parent),
        "packages": package_versions(),
    }


def other_version(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Which version differs between two environments, "packages" or "git"; None where none does.

    Whether a working tree was changed is left out: a run may itself write into it.
    """
    for name in ("packages", "git"):
        told = [environment.get(name) for environment in (one, other)]
        revisions = [each.get("revision", each) if isinstance(each, Mapping) else each for each in told]
        if revisions[0] != revisions[1]:
            return name
    return None


def package_versions() -> dict[str, str]:
    """Installed versions of this distribution and of what it requires."""
    names = ["narrator-bench"]
    for line in requires("narrator-bench") or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            names.append(requirement.name)
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def gpu() -> dict[str, Any] | None:
    """Name, memory, driver and clocks of the first CUDA device; None without one."""
    if sys.platform == "linux" and not any(Path(path).exists() for path in _GPU_DEVICES):
        return None  # without PyTorch, whose import takes longer than everything else that `doctor` does

    import torch

    if not torch.cuda.is_available():
        return None
    properties = torch.cuda.get_device_properties(0)
    return {
        "name": properties.name,
        "memory_gib": round(properties.total_memory / 2**30, 1),
        "count": torch.cuda.device_count(),
        "cuda": torch.version.cuda,
        "driver_and_clocks": _run(
            "nvidia-smi", "--query-gpu=driver_version,clocks.sm,clocks.mem", "--format=csv,noheader"
        ),
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _git(folder: Path) -> dict[str, Any] | None:
    revision = _run("git", "-C", str(folder), "rev-parse", "HEAD")
    if revision is None:
        return None
    return {"revision": revision, "dirty": bool(_run("git", "-C", str(folder), "status", "--porcelain"))}


def _run(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
