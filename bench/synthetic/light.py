"""Light on a surface: a key with soft terminator, ambient from sky and ground, a rim, and a gloss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.synthetic.canvas import Plane

Colour = tuple[float, float, float]

_STEPS = 4096
_REDDENING = (1.25, 0.95, 0.85)
"""Factor on the wrap for red, green and blue: red light travels furthest in skin and reddens the terminator."""

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
    return np.asarray(colour, np.float32) ** 2.2


def encode(radiance: Plane) -> NDArray[np.uint8]:
    """Linear RGB -> uint8 RGB, with a soft shoulder above 0.8 so that highlights do not clip."""
    excess = np.maximum(radiance - 0.8, 0)
    rolled = np.minimum(radiance, 0.8) + excess / (1 + 5 * excess)
    return np.asarray(_CODE[(np.clip(rolled, 0, 1) * _STEPS).astype(np.uint16)])


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
    half = _unit((key[0], key[1], key[2] + 1))
    lit, mirrored, edge = np.moveaxis(normal @ np.column_stack([key, half, _unit(light.rim)]), -1, 0)
    spark = np.maximum(mirrored, 0) ** 2
    for _ in range(3):
        spark *= spark  # to the 16th power
    spark *= gloss * shadow
    edge = np.maximum(edge, 0) ** 2
    up = 0.5 - 0.5 * normal[..., 1]
    radiance = np.empty_like(albedo)
    for channel, reddening in enumerate(_REDDENING):
        wrap = light.wrap * reddening
        arriving = np.clip((lit + wrap) / (1 + wrap), 0, 1) * (shadow * light.key_colour[channel])
        sky, ground = light.sky[channel], light.ground[channel]
        arriving += (ground + (sky - ground) * up) * openness
        arriving += edge * light.rim_colour[channel]
        radiance[..., channel] = albedo[..., channel] * arriving + spark * light.key_colour[channel]
    return radiance


def _unit(direction: Colour) -> NDArray[np.float32]:
    return np.asarray(np.asarray(direction) / np.linalg.norm(direction), np.float32)
