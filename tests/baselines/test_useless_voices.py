"""Generators that use the voice profile refuse one that cannot be used before they do any work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from baselines.cascade import Cascade
from baselines.command import Command
from narrator.contract import GenerationFailed, Generator, Prompt, Voice
from narrator.face import FaceMesh


@pytest.mark.parametrize(
    "generator",
    [Cascade(dict.fromkeys(FaceMesh.weights, Path("nowhere"))), Command(f"{sys.executable} -c pass {{out}}")],
    ids=lambda generator: generator.name,
)
@pytest.mark.parametrize(
    ("waveform", "rate", "reason"),
    [
        (np.zeros(0, np.float32), 16_000, "lasts"),
        (np.full(16_000, np.nan, np.float32), 16_000, "finite"),
        (np.ones((2, 16_000), np.float32), 16_000, "mono"),
        (np.full(16_000, 0.1, np.float32), 0, "0 Hz"),
        (np.zeros(16_000, np.float32), 16_000, "silent"),
        (np.full(16_000, 9000.0, np.float32), 16_000, "beyond full scale"),
    ],
)
def test_the_reason_is_given(
    make_prompt: Callable[..., Prompt], generator: Generator, waveform: NDArray[np.float32], rate: int, reason: str
) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        generator(make_prompt(voice=Voice(waveform, rate)))
