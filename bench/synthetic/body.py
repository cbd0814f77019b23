"""Neck, shoulders and clothes: modelled and lit once, then moved as one piece."""

from __future__ import annotations

import numpy as np

from bench.synthetic.canvas import Canvas, Plane, blend, smoothstep, vector
from bench.synthetic.identity import Identity
from bench.synthetic.light import Light, linear, shade
from bench.synthetic.relief import normals, openness


def shade_body(identity: Identity, light: Light, density: float) -> tuple[Canvas, Plane]:
    """The body as premultiplied linear RGB and coverage [H, W, 4], and the canvas it lies on."""
    canvas = Canvas.spanning(-3.4, 0.7, 3.4, 4.2, density)
    rng = np.random.default_rng([identity.seed, 0xB0])
    x, y, face = np.abs(canvas.x), canvas.y, identity.face
    size = {"woman": 0.98, "man": 1.18, "child": 0.82}[identity.kind]
    neck = {"woman": 0.53, "man": 0.64, "child": 0.46}[identity.kind] * face.width
    base = face.chin + 0.36
    slope = (
        base
        + 0.42 * smoothstep(neck * 0.8, 1.9 * size, x)
        + 2.2 * np.maximum(x - 1.5 * size, 0) ** 2
        + 6 * np.maximum(x - 1.9 * size, 0) ** 2
    )
    flare = 0.3 * smoothstep(face.chin + 0.05, base + 0.15, y) ** 2
    neck_cover = np.clip((neck + flare - x) * density + 0.5, 0, 1) * (y < base + 0.35)
    torso_cover = np.clip((y - slope) * density * 0.7 + 0.5, 0, 1)
    column = -0.15 + 0.55 * np.sqrt(np.clip(1 - (x / (neck + flare + 0.02)) ** 2, 0, 1))
    chest = 0.5 * np.sqrt(np.clip(1 - (x / (2.3 * size)) ** 2, 0, 1)) + 0.45 * smoothstep(0.0, 0.7, y - slope) - 0.25
    bones = 0.04 * np.exp(-0.5 * ((y - base - 0.2 - 0.12 * x) / 0.05) ** 2) * smoothstep(0.08, 0.25, x)
    skin_depth = np.maximum(column, chest * (y > base - 0.1)) + bones * (x < 1.1)
    cloth_line = _neckline(identity, x, base, size)
    cloth_cover = np.maximum(neck_cover, torso_cover) * np.clip((y - cloth_line) * density * 0.8 + 0.5, 0, 1)
    folds = 0.05 * canvas.noise(rng, 0.35, 0.6) + 0.02 * canvas.noise(rng, 0.12, 0.3)
    cloth_depth = chest + 0.06 + folds
    cover = np.maximum(neck_cover, torso_cover).astype(np.float32)
    albedo = np.broadcast_to(linear(identity.skin) * 0.95, (*x.shape, 3)).astype(np.float32)
    weave = 1 + 0.04 * canvas.noise(rng, 0.03)
    albedo = blend(albedo, linear(identity.clothes) * weave[..., None], cloth_cover.astype(np.float32))
    normal = blend(
        normals(canvas, canvas.blur(skin_depth.astype(np.float32), 0.03)),
        normals(canvas, canvas.blur(cloth_depth.astype(np.float32), 0.02)),
        cloth_cover.astype(np.float32),
    )
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    beneath = 1 - 0.8 * (1 - smoothstep(face.chin - 0.05, face.chin + 0.55, y + 0.3 * x**2)) * (x < 1.2)
    collar_edge = 1 - 0.45 * np.exp(-np.clip(cloth_line - y, 0, 1) / 0.05) * (1 - cloth_cover)
    shadow = canvas.blur((beneath * collar_edge).astype(np.float32), 0.03)
    gloss = np.where(cloth_cover > 0.5, 0.0, 0.05).astype(np.float32)
    radiance = shade(albedo, normal, gloss, shadow, shadow * openness(canvas, cloth_depth.astype(np.float32)), light)
    return canvas, np.dstack([radiance * cover[..., None], cover])


def _neckline(identity: Identity, x: Plane, base: float, size: float) -> Plane:
    """Height where the cloth begins: a bowl, a V, or a rolled collar around the neck."""
    if identity.collar == "high":
        return np.asarray(base - 0.12 + 0.08 * x**2)
    width, depth = {"round": (0.72, 0.34), "v": (0.8, 0.85)}[identity.collar]
    t = np.clip(x / (width * size), 0, 1)
    bowl = np.sqrt(1 - t**2) if identity.collar == "round" else 1 - t
    return np.asarray(base + 0.06 + depth * bowl - 0.35 * (t >= 1), np.float32)
