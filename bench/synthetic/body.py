"""Neck, shoulders and clothes: modelled and lit once, then moved as one piece."""

from __future__ import annotations

import numpy as np

from bench.synthetic.canvas import Canvas, Plane, blend, smoothstep
from bench.synthetic.identity import Identity
from bench.synthetic.light import Light, linear, shade
from bench.synthetic.relief import normals, openness

_SHOULDERS = {"woman": 0.98, "man": 1.18, "child": 0.82}
_NECK = {"woman": 0.53, "man": 0.64, "child": 0.46}


def shade_body(identity: Identity, light: Light, density: float) -> tuple[Canvas, Plane]:
    """The body as premultiplied linear RGB and coverage [H, W, 4], and the canvas it lies on."""
    canvas = Canvas.spanning(-3.4, 0.7, 3.4, 4.2, density)
    rng = np.random.default_rng([identity.seed, 0xB0])
    skin_depth, chest, cover = _figure(canvas, identity)
    line = _neckline(canvas, identity)
    cloth = (cover * np.clip((canvas.y - line) * density * 0.8 + 0.5, 0, 1)).astype(np.float32)
    folds = 0.05 * canvas.noise(rng, 0.35, 0.6) + 0.02 * canvas.noise(rng, 0.12, 0.3)
    cloth_depth = (chest + 0.06 + folds).astype(np.float32)
    weave = 1 + 0.04 * canvas.noise(rng, 0.03)
    skin = np.broadcast_to(linear(identity.skin) * 0.95, (*cover.shape, 3))
    albedo = blend(skin, linear(identity.clothes) * weave[..., None], cloth)
    normal = blend(
        normals(canvas, canvas.blur(skin_depth, 0.03)), normals(canvas, canvas.blur(cloth_depth, 0.02)), cloth
    )
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    hem = 1 - 0.45 * np.exp(-np.clip(line - canvas.y, 0, 1) / 0.05) * (1 - cloth)
    shadow = canvas.blur((_beneath_head(canvas, identity) * hem).astype(np.float32), 0.03)
    gloss = np.where(cloth > 0.5, 0.0, 0.05).astype(np.float32)
    radiance = shade(albedo, normal, gloss, shadow, shadow * openness(canvas, cloth_depth), light)
    return canvas, np.dstack([radiance * cover[..., None], cover]).astype(np.float32)


def _figure(canvas: Canvas, identity: Identity) -> tuple[Plane, Plane, Plane]:
    """Depth of neck and shoulders together, depth of the chest alone, and the coverage of all."""
    x, y, face = np.abs(canvas.x), canvas.y, identity.face
    size, neck, base = _SHOULDERS[identity.kind], _NECK[identity.kind] * face.width, _base(identity)
    flare = 0.3 * smoothstep(face.chin + 0.05, base + 0.15, y) ** 2
    slope = base + 0.42 * smoothstep(neck * 0.8, 1.9 * size, x)
    slope += 2.2 * np.maximum(x - 1.5 * size, 0) ** 2 + 6 * np.maximum(x - 1.9 * size, 0) ** 2
    neck_cover = np.clip((neck + flare - x) * canvas.density + 0.5, 0, 1) * (y < base + 0.35)
    torso_cover = np.clip((y - slope) * canvas.density * 0.7 + 0.5, 0, 1)
    column = -0.15 + 0.55 * np.sqrt(np.clip(1 - (x / (neck + flare + 0.02)) ** 2, 0, 1))
    chest = 0.5 * np.sqrt(np.clip(1 - (x / (2.3 * size)) ** 2, 0, 1)) + 0.45 * smoothstep(0.0, 0.7, y - slope) - 0.25
    collarbones = (
        0.04 * np.exp(-0.5 * ((y - base - 0.2 - 0.12 * x) / 0.05) ** 2) * smoothstep(0.08, 0.25, x) * (x < 1.1)
    )
    skin = np.maximum(column, chest * (y > base - 0.1)) + collarbones
    return skin.astype(np.float32), chest, np.maximum(neck_cover, torso_cover).astype(np.float32)


def _base(identity: Identity) -> float:
    """Height of the pit of the neck."""
    return identity.face.chin + 0.36


def _beneath_head(canvas: Canvas, identity: Identity) -> Plane:
    """The shadow that the head throws on the neck, 1 in full light."""
    chin = identity.face.chin
    below = smoothstep(chin - 0.05, chin + 0.55, canvas.y + 0.3 * canvas.x**2)
    return np.asarray(1 - 0.8 * (1 - below) * (np.abs(canvas.x) < 1.2))


def _neckline(canvas: Canvas, identity: Identity) -> Plane:
    """Height where the cloth begins: a bowl, a V, or a rolled collar around the neck."""
    base = _base(identity)
    if identity.collar == "high":
        return np.asarray(base - 0.12 + 0.08 * canvas.x**2)
    width, depth = {"round": (0.72, 0.34), "v": (0.8, 0.85)}[identity.collar]
    t = np.clip(np.abs(canvas.x) / (width * _SHOULDERS[identity.kind]), 0, 1)
    bowl = np.sqrt(1 - t**2) if identity.collar == "round" else 1 - t
    return np.asarray(base + 0.06 + depth * bowl - 0.35 * (t >= 1))
