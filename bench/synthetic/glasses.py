"""Glasses: a thin frame in one plane before the eyes."""

from __future__ import annotations

import numpy as np

from bench.synthetic.canvas import Canvas, Plane, smoothstep, vector
from bench.synthetic.identity import Identity

PLANE = 0.95
"""Depth of the frame in face units."""


def paint_glasses(identity: Identity, density: float) -> tuple[Canvas, Plane] | None:
    """The frame and a faint reflection, premultiplied linear RGB and coverage [H, W, 4]; None for bare eyes."""
    if identity.glasses == "none":
        return None
    canvas = Canvas.spanning(-1.25, -0.5, 1.25, 0.55, density)
    x, y, face = np.abs(canvas.x), canvas.y - 0.03, identity.face
    power, height = (2.0, 0.25) if identity.glasses == "round" else (4.5, 0.2)
    half = face.eye_x - 0.1
    radius = ((np.abs(x - face.eye_x - 0.02) / half) ** power + (np.abs(y) / height) ** power) ** (1 / power)
    thick = 0.022
    rim = smoothstep(thick + 0.012, thick - 0.006, np.abs(radius - 1) * (half + height) / 2)
    bridge = smoothstep(0.03, 0.015, np.abs(y + 0.06 + 0.25 * x**2)) * (x < face.eye_x - half + 0.03)
    outer = face.eye_x + half
    arm = smoothstep(0.03, 0.015, np.abs(y + 0.06)) * (x > outer) * (1 - smoothstep(outer + 0.04, face.width - 0.04, x))
    frame = np.maximum(np.maximum(rim, bridge), arm)
    colour = vector(0.03, 0.025, 0.025) if identity.seed % 2 else vector(0.12, 0.06, 0.03)
    shine = 0.25 * np.exp(-0.5 * ((y + 0.02) / 0.01) ** 2) * frame
    stripe = np.exp(-0.5 * ((canvas.x * 0.8 + y * 1.2 + 0.35) % 0.9 - 0.45) ** 2 / 0.07**2)
    glass = 0.05 * stripe * (radius < 1)
    cover = np.maximum(frame, glass)
    light = colour * frame[..., None] + (shine + glass * (1 - frame))[..., None]
    return canvas, np.dstack([light, cover]).astype(np.float32)
