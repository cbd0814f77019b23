"""Prompts and real speech for the tests of the baselines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from narrator.contract import Prompt, Voice


@pytest.fixture(scope="session")
def make_prompt() -> Callable[..., Prompt]:
    """A prompt with a small image and a humming voice, any field replaced."""

    def make(**fields: object) -> Prompt:
        hum = 0.1 * np.sin(2 * np.pi * 120 * np.arange(16_000) / 16_000)
        image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
        values = {"key": "a", "text": "Hello there.", "image": image, "voice": Voice(hum.astype(np.float32), 16_000)}
        return Prompt(**{"seed": 1, **values, **fields})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def listen() -> Callable[[Path], Voice]:
    """The first audio stream of a media file, mono."""

    def read(path: Path) -> Voice:
        with av.open(str(path)) as container:
            mono = av.AudioResampler("flt", "mono", None)
            parts: list[NDArray[np.float32]] = []
            for frame in container.decode(audio=0):
                parts += [part.to_ndarray()[0] for part in mono.resample(frame)]
            return Voice(np.concatenate(parts), container.streams.audio[0].rate)

    return read
