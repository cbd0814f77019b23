"""The head at rest, ready to be posed: colour, normals and light reach over its frontal plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.synthetic.canvas import Canvas, Plane, blend
from bench.synthetic.hair import grow_behind, grow_cap
from bench.synthetic.identity import Identity
from bench.synthetic.light import Light, shade
from bench.synthetic.relief import (
    cast_shadow,
    dome,
    ear_depth,
    face_depth,
    half_width,
    inside,
    normals,
    openness,
)
from bench.synthetic.skin import paint_face


@dataclass(frozen=True, eq=False)
class Head:
    """What a frame samples from.

    Attributes:
        colour: [H, W, 4] albedo (linear RGB) and coverage.
        surface: [H, W, 4] unit normal and gloss.
        reach: [H, W, 2] shares of key light and of ambient light that arrive.
        depth: [H, W] a smoothed depth that continues beyond the outline; it drives the rotation.
    """

    canvas: Canvas
    colour: Plane
    surface: Plane
    reach: Plane
    depth: Plane


def model_head(identity: Identity, light: Light, density: float) -> Head:
    """Model and paint the head of one speaker under one light."""
    canvas = Canvas.spanning(-1.8, -2.0, 1.8, 1.8, density)
    face = identity.face
    front = face_depth(canvas, face)
    ears, ears_cover = ear_depth(canvas, face)
    face_cover = inside(canvas, half_width(face, canvas.y))
    albedo, gloss = paint_face(canvas, identity)
    cover = np.maximum(face_cover, ears_cover)
    normal = blend(normals(canvas, ears), normals(canvas, front), face_cover)
    depth = np.where(face_cover > 0.5, front, np.where(ears_cover > 0.5, ears, -0.6)).astype(np.float32)
    hair = grow_cap(canvas, identity)
    if hair is not None:
        depth = np.where(hair.cover > 0.5, np.maximum(hair.depth, depth + 0.02), depth)
        # Beyond the skin's outline there is hair alone, so half-covered pixels there take no colour from the skin.
        total = hair.cover + cover * (1 - hair.cover)
        share = hair.cover / np.maximum(total, 1e-4)
        normal = blend(normal, normals(canvas, hair.depth), share)
        albedo, gloss = blend(albedo, hair.albedo, share), blend(gloss, hair.gloss, share)
        cover = total
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return Head(
        canvas,
        np.dstack([albedo, cover]),
        np.dstack([normal, gloss]),
        np.dstack([cast_shadow(canvas, depth, light.key), openness(canvas, depth)]),
        _turning_depth(canvas, identity, front),
    )


def _turning_depth(canvas: Canvas, identity: Identity, front: Plane) -> Plane:
    """Depth that is gentle enough to be inverted under rotation: no step at the outline, blunt features."""
    face = identity.face
    tall = np.where(canvas.y < 0, face.crown, face.chin)
    ball = 1.02 - 0.75 * np.minimum((canvas.x / (face.width * 1.1)) ** 2 + (canvas.y / tall) ** 2, 2.2)
    within = inside(canvas, half_width(face, canvas.y) * 0.8)
    smooth = dome(canvas, half_width(face, canvas.y), np.ones_like(front))
    relief = (front - smooth) * within * (np.abs(canvas.y - 0.4) < 0.8)
    return canvas.blur(np.asarray(ball + 0.8 * relief, np.float32), 0.05)


def shade_behind(identity: Identity, light: Light, density: float) -> tuple[Canvas, Plane] | None:
    """The hair behind the head as premultiplied linear RGB and coverage [H, W, 4]; None where there is none."""
    canvas = Canvas.spanning(-1.6, -2.1, 1.6, 2.9, density)
    hair = grow_behind(canvas, identity)
    if hair is None:
        return None
    # The head shades what is close to the neck, and less so further down.
    shadow = np.clip(0.03 + 0.8 * np.abs(canvas.x) + 0.3 * np.maximum(canvas.y - 1.3, 0), 0.25, 1)
    if identity.hair_style == "bun":
        shadow = np.ones_like(shadow)
    radiance = shade(hair.albedo, normals(canvas, hair.depth), hair.gloss, shadow, shadow, light)
    return canvas, np.dstack([radiance * hair.cover[..., None], hair.cover])
