"""Light and background of a scene."""

from __future__ import annotations

import cv2
import numpy as np

from bench.synthetic.canvas import Plane
from bench.synthetic.flavours import Flavour
from bench.synthetic.light import Light, linear


def draw_light(flavour: Flavour, rng: np.random.Generator) -> Light:
    """The lights of one scene; the flavour's contrast says how far they stray from an even front light."""
    vary = flavour.contrast
    side = float(rng.choice([-1.0, 1.0])) * (0.35 + 0.45 * vary * rng.uniform(0, 1))
    warmth = vary * rng.uniform(-1, 1)
    strength = 1.0 + 0.2 * vary * rng.uniform(-1, 1)
    fill = 0.30 * (1 - 0.3 * vary * rng.uniform(0, 1))
    rim = 0.1 + 0.5 * vary * rng.uniform(0, 1)
    return Light(
        key=(side, -0.45 - 0.2 * vary * rng.uniform(0, 1), 0.8),
        key_colour=(0.88 * strength * (1 + 0.1 * warmth), 0.85 * strength, 0.82 * strength * (1 - 0.14 * warmth)),
        sky=(fill * 1.0, fill * 1.05, fill * 1.15),
        ground=(fill * 0.78, fill * 0.68, fill * 0.62),
        rim=(-1.6 * side, -0.35, -0.35),
        rim_colour=(rim, rim, rim * 1.1),
        wrap=0.28,
    )


def paint_backdrop(flavour: Flavour, rng: np.random.Generator) -> Plane:
    """The background, linear RGB [size, size, 3]."""
    size = flavour.size
    steps = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(steps, steps)
    base = _colour(rng, {"plain": 0.05, "soft": 0.08, "room": 0.08, "studio": 0.08}[flavour.backdrop])
    glow_x, glow_y = rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.5)
    falloff = np.exp(-((x - glow_x) ** 2 + (y - glow_y) ** 2) / 0.5)
    scene = (linear(base) * (0.55 + 0.6 * falloff[..., None])).astype(np.float32)
    if flavour.backdrop in ("soft", "room"):
        for _ in range(10):
            _add_furniture(scene, x, y, rng)
        scene = cv2.GaussianBlur(scene, (0, 0), size * (0.035 if flavour.backdrop == "soft" else 0.018))
    return np.asarray(scene, np.float32)


def _colour(rng: np.random.Generator, saturation: float) -> np.ndarray:
    hue, value = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.75)
    wheel = np.array([np.cos(hue), np.cos(hue - 2.094), np.cos(hue + 2.094)])
    return np.asarray(np.clip(value * (1 + saturation * wheel), 0.05, 0.95))


def _add_furniture(scene: Plane, x: Plane, y: Plane, rng: np.random.Generator) -> None:
    """One upright slab (shelf, frame, window), drawn over the scene in place."""
    left, top = rng.uniform(-0.1, 0.95), rng.uniform(-0.1, 0.8)
    width, height = rng.uniform(0.06, 0.3), rng.uniform(0.1, 0.6)
    cover = ((x > left) & (x < left + width) & (y > top) & (y < top + height)).astype(np.float32) * 0.8
    colour = linear(_colour(rng, 0.12)) * (rng.uniform(0.3, 1.3))
    scene += (colour - scene) * cover[..., None]
