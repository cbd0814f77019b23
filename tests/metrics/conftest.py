"""Real speech for the audio metrics' tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

Speech = Callable[..., NDArray[np.float32]]


@lru_cache(maxsize=16)
def _decoded(path: Path, rate: int) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", "mono", stream.rate)
        frames = [part for frame in container.decode(stream) for part in resampler.resample(frame)]
        samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return soxr.resample(samples, stream.rate, rate).astype(np.float32)


@pytest.fixture(scope="session")
def speech(shared: Path) -> Speech:
    """`speech(file, seconds=3, rate=16000)`: the start of a file below ../shared/media, float32 mono."""

    def load(file: str, seconds: float = 3, rate: int = 16000) -> NDArray[np.float32]:
        return _decoded(shared / "media" / file, rate)[: int(seconds * rate)].copy()

    return load


@pytest.fixture(scope="session")
def voiced() -> NDArray[np.float32]:
    """Two seconds of a vowel-like sound at 16 kHz: harmonics of a gliding pitch under a syllabic envelope."""
    t = np.arange(32000) / 16000
    phase = 2 * np.pi * (120 * t + 10 * t**2)
    sound = sum(np.sin(k * phase) / k for k in range(1, 20)) * (1.1 + np.sin(2 * np.pi * 3 * t))
    noise = np.random.default_rng(0).normal(size=len(t)) * 0.01
    return (0.05 * (sound + noise)).astype(np.float32)
