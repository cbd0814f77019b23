"""What the checks are fed with: made from whole numbers, so that every machine makes the same bits, or bundled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CLIPS = Path(__file__).parent / "clips"
"""Bundled media, made by `tests/support/make_selfcheck_clips.py`; they show and record nobody."""
STEREO = CLIPS / "stereo.wav"
"""16-bit samples at 8 kHz, two channels that differ."""
REFERENCE = tuple(CLIPS / f"reference-{number}.mp4" for number in range(2))
GENERATED = tuple(CLIPS / f"generated-{number}.mp4" for number in range(2))
"""96 x 64 pixels of limited range at 30000/1001 frames per second, stereo AAC at 44.1 kHz."""


def uniform(seed: int, *shape: int) -> NDArray[np.float64]:
    """Evenly spread numbers in -0.5..0.5, multiples of 2^-24, from a counter (SplitMix64, Steele et al. 2014)."""
    state = (np.arange(1, np.prod(shape) + 1, dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return ((state >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5).reshape(shape)


def vectors(seed: int, count: int, dimension: int) -> Floats:
    """Feature vectors float32 [count, dimension] whose dimensions spread differently around different means."""
    spread = 0.25 + np.arange(dimension) % 8 / 8
    return np.asarray((uniform(seed, count, dimension) + uniform(99, dimension)) * spread, np.float32)


def pictures(seed: int, frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """Frames uint8 [frames, height, width, 3]: crossing slopes that drift at a speed of each seed."""
    t, y, x = (axis.astype(np.int32) for axis in np.ogrid[:frames, :height, :width])
    slopes = np.floor(uniform(seed, 3, 3, 3) * 28).astype(np.int32)
    channels = [
        sum(_triangle(a * x + b * y + c * t + 170 * channel) for a, b, c in slopes[channel]) // 3
        for channel in range(3)
    ]
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def speech(seed: int, sample_rate: int, seconds: float) -> Floats:
    """Sound float32 [S] with syllables, pauses and a gliding pitch, rounded to 16 bits."""
    time = np.arange(round(sample_rate * seconds)) / sample_rate
    pitch, pace = 150 + 90 * uniform(seed, 2)
    phase = 2 * np.pi * (pitch * time + 12 * np.sin(2 * np.pi * 0.7 * time))
    voice = sum(np.sin(k * phase) / k for k in range(1, 25))
    syllables = np.clip(0.35 + np.sin(2 * np.pi * pace / 45 * time), 0, None)
    samples = 0.12 * syllables * voice + 0.01 * uniform(seed + 1, len(time))
    return np.asarray(np.rint(samples * 32768).clip(-32768, 32767) / 32768, np.float32)


def tracks(seed: int) -> Floats:
    """Paths of points float32 [16, 400, 2] in pixels; a fifth of them rest, no step lies on the border of two bins."""
    steps = np.rint(uniform(seed, 16, 400, 2) * 8 * 64) / 64
    steps += np.where(np.abs(np.abs(steps[..., :1]) - np.abs(steps[..., 1:])) < 1 / 32, [1 / 16, 0], 0)
    steps[:, ::5] = 0
    return np.asarray(128 + np.cumsum(steps, axis=0), np.float32)


def _triangle(phase: NDArray[np.int32]) -> NDArray[np.int32]:
    """Up and down between 0 and 256, once in 512 steps."""
    return np.abs(phase % 512 - 256)
