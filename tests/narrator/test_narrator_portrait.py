"""The small preset from end to end on a real portrait, with the networks that find its face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import narrator
from metrics.weights import fetch
from narrator.contract import Prompt, Voice
from narrator.face import FaceMesh


@pytest.mark.shared
@pytest.mark.weights
def test_a_portrait_speaks(shared: Path) -> None:
    generator = narrator.load("small", weight_paths={name: fetch(name) for name in FaceMesh.weights}, steps=1)
    image = np.asarray(Image.open(shared / "media" / "images" / "astronaut.png").convert("RGB"))
    voice = Voice((np.random.default_rng(0).standard_normal(32_000) * 0.1).astype(np.float32), 16_000)
    narration = generator(Prompt("astronaut", "Good morning.", image, voice, 1))
    frames = np.concatenate(list(narration.chunks()))
    assert frames.shape == (50, 128, 128, 3)
    assert frames.std() > 1
    assert len(narration.waveform) == 47_872
    assert np.abs(narration.waveform).max() <= 1
