"""Light on a surface: a key with soft terminator, ambient from sky and ground, a rim, and a gloss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.synthetic.canvas import Plane

Colour = tuple[float, float, float]

_STEPS = 4096
_CODE = np.round(255 * (np.arange(_STEPS + 1) / _STEPS) ** (1 / 2.2)).astype(np.uint8)


@dataclass(frozen=True)
class Light:
    """The lights of one scene; colours are linear RGB, directions point from the face towards the light.

    Attributes:
        key: direction of the main light.
        key_colour, sky, ground, rim_colour: linear RGB.
        rim: direction of the light from behind.
        wrap: how far the key creeps around the terminator; large is a soft box, small is a bare lamp.
    """

    key: Colour
    key_colour: Colour
    sky: Colour
    ground: Colour
    rim: Colour
    rim_colour: Colour
    wrap: float


def linear(colour: Colour | NDArray[np.float64]) -> NDArray[np.float32]:
    """sRGB in 0..1 -> linear RGB (gamma 2.2)."""
    return np.asarray(colour, np.float32) ** np.float32(2.2)


def encode(radiance: Plane) -> NDArray[np.uint8]:
    """Linear RGB -> uint8 RGB, with a soft shoulder above 0.8 so that highlights do not clip."""
    excess = np.maximum(radiance - 0.8, 0)
    rolled = np.minimum(radiance, 0.8) + excess / (1 + 5 * excess)
    return _CODE[(np.clip(rolled, 0, 1) * _STEPS).astype(np.uint16)]


def shade(albedo: Plane, normal: Plane, gloss: Plane, shadow: Plane, openness: Plane, light: Light) -> Plane:
    """Radiance of a surface seen from the front.

    Args:
        albedo: linear RGB [H, W, 3].
        normal: unit vectors [H, W, 3].
        gloss: strength of the highlight [H, W].
        shadow: share of the key light that arrives [H, W].
        openness: share of the ambient light that arrives [H, W].
    """
    key = _unit(light.key)
    facing = normal @ key
    # Red light travels furthest in skin, which reddens the terminator: a wider wrap for red than for blue.
    wraps = light.wrap * np.array([1.25, 0.95, 0.85], np.float32)
    diffuse = np.clip((facing[..., None] + wraps) / (1 + wraps), 0, 1) * shadow[..., None]
    up = 0.5 - 0.5 * normal[..., 1:2]
    ambient = (np.float32(light.ground) + up * (np.float32(light.sky) - np.float32(light.ground))) * openness[..., None]
    edge = np.clip(normal @ _unit(light.rim), 0, 1) ** 2
    half = _unit((key[0], key[1], key[2] + 1))
    spark = np.clip(normal @ half, 0, 1) ** 24 * gloss * shadow
    radiance = albedo * (diffuse * np.float32(light.key_colour) + ambient + edge[..., None] * np.float32(light.rim_colour))
    return np.asarray(radiance + spark[..., None] * np.float32(light.key_colour), np.float32)


def _unit(direction: Colour) -> NDArray[np.float32]:
    vector = np.asarray(direction, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
