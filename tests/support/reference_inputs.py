"""Inputs that the reference packages and our tests both make for themselves, the same to the last bit.

Pictures are made of whole numbers only and sounds are rounded to 16 bits, so that no platform's rounding shows;
goldens carry the digests of their inputs and the tests compare them first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

SIZES = ((240, 320), (127, 97), (256, 256))
"""Height and width: wide, tall with odd sides, square. At 224 or 256 pixels on their shorter side the longer side of
the first two is a fraction of a pixel that rounds down, which tells rounding from rounding up."""

RATES = (16000, 22050, 48000)
"""Hz: that of VGGish, and two from which the packages resample."""


def picture(seed: int, height: int, width: int, frame: int = 0, noise: int = 0) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]: gradients, soft discs that move with `frame`, stripes, up to `noise` grey levels of noise."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width]
    slopes = random.randint(-100, 100, (2, 3))
    canvas = 110 + (y[..., None] * slopes[0]) // height + (x[..., None] * slopes[1]) // width
    for _ in range(6):
        row, column, radius = random.randint(height), random.randint(width), random.randint(8, min(height, width) // 2)
        colour, drift = random.randint(-110, 110, 3), random.randint(-3, 4, 2)
        far = (y - row - frame * drift[0]) ** 2 + (x - column - frame * drift[1]) ** 2
        inside = np.maximum(radius**2 - far, 0)
        canvas = canvas + inside[..., None] * colour // radius**2
    period = random.randint(3, 9)
    canvas[height // 3 : height // 2] += ((x[: height // 2 - height // 3] // period) % 2 * 60)[..., None]
    grain = np.random.RandomState([seed, frame, 1]).randint(-noise, noise + 1, canvas.shape)
    return np.clip(canvas + grain, 0, 255).astype(np.uint8)


def pictures(generated: bool, each: int = 4) -> list[NDArray[np.uint8]]:
    """`each` pictures of each of SIZES; the generated ones are others, and noisy."""
    seeds = range(100 * generated, 100 * generated + each)
    return [picture(seed, *size, noise=40 if generated else 4) for size in SIZES for seed in seeds]


def videos(generated: bool) -> list[NDArray[np.uint8]]:
    """A clip uint8 [18, H, W, 3] of each of the first two of SIZES; the generated ones are others, and noisy."""
    seed, noise = (107, 40) if generated else (7, 4)
    return [
        np.stack([picture(seed + number, *size, frame, noise) for frame in range(18)])
        for number, size in enumerate(SIZES[:2])
    ]


def sound(seed: int, rate: int, seconds: float, noise: float) -> NDArray[np.int16]:
    """int16 [S]: harmonics of a gliding pitch under a syllabic envelope, some hiss at the top, and noise."""
    random = np.random.RandomState(seed)
    t = np.arange(int(rate * seconds)) / rate
    pitch, glide, pace = random.uniform(90, 220), random.uniform(-20, 20), random.uniform(2, 5)
    phase = 2 * np.pi * (pitch * t + glide * t**2)
    waves = sum(np.sin(k * phase) / k for k in range(1, 24)) * (1.2 + np.sin(2 * np.pi * pace * t))
    waves = waves + 0.1 * np.sin(2 * np.pi * 6500 * t) + noise * random.standard_normal(len(t))
    return np.rint(waves * 4000).clip(-32768, 32767).astype(np.int16)


def sounds(generated: bool, rate: int) -> list[NDArray[np.int16]]:
    """Six clips of up to five seconds, the last one below one second; the generated ones are others, and noisier."""
    seeds = range(20 + 100 * generated, 26 + 100 * generated)
    lengths = (5.0, 4.3, 3.21, 2.5, 1.7, 0.7)
    noise = 0.6 if generated else 0.05
    return [sound(seed, rate, seconds, noise) for seed, seconds in zip(seeds, lengths, strict=True)]


def gaussian_features(seed: int, n: int, d: int = 64) -> NDArray[np.float32]:
    """float32 [n, d], correlated, of a mean and a covariance that the seed decides; multiples of 1 / 1024."""
    random = np.random.RandomState(seed)
    mixing = random.standard_normal((d, d)) * np.exp(random.standard_normal(d) / 2)
    features = random.standard_normal((n, d)) @ mixing / d**0.5 + random.standard_normal(d)
    return (np.rint(features * 1024) / 1024).astype(np.float32)


def uniform_weights(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Uniform weights by name, scaled so that what passes through rectifiers neither dies nor explodes."""
    weights = {}
    for number, (name, shape) in enumerate(sorted(shapes.items())):
        drawn = np.random.default_rng([seed, number]).random(shape, dtype=np.float32) * 2 - 1
        weights[name] = drawn * np.float32((6 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1)
        if len(shape) == 1 and name.endswith("weight"):
            weights[name] += 1  # the gain of a batch norm
    return weights


def digest(arrays: Iterable[NDArray[np.generic]]) -> str:
    """Sixteen hex digits of sha256 over the shapes, types and bytes of the arrays in their order."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def projected(features: NDArray[np.floating], width: int = 32) -> NDArray[np.float32]:
    """A fixed random projection [n, width] of features [n, d], which keeps goldens small and hides no component."""
    directions = np.random.RandomState(features.shape[1]).standard_normal((features.shape[1], width))
    return (features.astype(np.float64) @ directions / width**0.5).astype(np.float32)
