"""A trace of one clip for Chrome's viewer (chrome://tracing, Perfetto): every operator, under the stage that ran it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.files import atomic
from bench.profiling.calls import Call
from narrator.contract import watched_stages


def traced(call: Callable[[], Call], path: Path, device: str) -> None:
    """Make one call, which takes longer than usual, under `torch.profiler`, and write what it saw as JSON."""
    from torch.autograd import profiler as marks
    from torch.profiler import ProfilerActivity, profile

    activities = [ProfilerActivity.CPU]
    if device.startswith("cuda"):
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as seen, watched_stages(marks.record_function):
        call()
    with atomic(path) as temporary:
        seen.export_chrome_trace(str(temporary))
