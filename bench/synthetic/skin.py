"""Colour of skin, lips, brows and beard on the face."""

from __future__ import annotations

import numpy as np

from bench.synthetic.canvas import Canvas, Plane, blend, bump, smoothstep, twin_bump, vector
from bench.synthetic.identity import Identity
from bench.synthetic.light import linear
from bench.synthetic.relief import lip_edges, mouth_line


def paint_face(canvas: Canvas, identity: Identity) -> tuple[Plane, Plane]:
    """Albedo, linear RGB [H, W, 3], and gloss [H, W] of the face without hair; mouth closed, eyes left as skin."""
    rng = np.random.default_rng([identity.seed, 0x5C])
    face, skin = identity.face, linear(identity.skin)
    albedo = np.broadcast_to(skin, (*canvas.x.shape, 3)).astype(np.float32)
    mottle = 0.035 * canvas.noise(rng, 0.12) + 0.02 * canvas.noise(rng, 0.035)
    albedo = albedo * (1 + mottle[..., None])
    flush = vector(1.0, 0.66, 0.62)
    red = 0.35 * twin_bump(canvas, 0.56, 0.42, 0.2, 0.15) + 0.4 * bump(canvas, 0, face.nose_y, 0.13, 0.1)
    red += 0.25 * identity.make_up * twin_bump(canvas, 0.6, 0.36, 0.18, 0.12)
    red += 0.12 * bump(canvas, 0, face.chin - 0.15, 0.2, 0.12)
    albedo = blend(albedo, albedo * flush, np.clip(red, 0, 1))
    albedo = blend(albedo, albedo * vector(0.72, 0.62, 0.66), 0.55 * twin_bump(canvas, face.eye_x, 0.15, 0.17, 0.05))
    lid = twin_bump(canvas, face.eye_x + 0.02, -0.11, 0.18, 0.06)
    albedo = blend(albedo, albedo * vector(0.62, 0.48, 0.46), (0.3 + 0.6 * identity.make_up) * lid)
    if identity.freckles:
        spots = smoothstep(1.3, 2.0, canvas.noise(rng, 0.028)) * bump(canvas, 0, 0.35, 0.55, 0.2)
        albedo = blend(albedo, albedo * vector(0.62, 0.46, 0.36), identity.freckles * spots)
    nostril = twin_bump(canvas, 0.085 * face.nose_width, face.nose_y + 0.1, 0.036, 0.017)
    albedo = blend(albedo, albedo * vector(0.16, 0.07, 0.06), nostril)
    albedo = _paint_beard(canvas, identity, albedo, rng)
    gloss = 0.09 + 0.08 * bump(canvas, 0, face.nose_y - 0.03, 0.08, 0.08) + 0.05 * bump(canvas, 0, -0.6, 0.5, 0.2)
    albedo, gloss = _paint_lips(canvas, identity, albedo, np.asarray(gloss, np.float32))
    return _paint_brows(canvas, identity, albedo, rng), gloss


def _paint_lips(canvas: Canvas, identity: Identity, albedo: Plane, gloss: Plane) -> tuple[Plane, Plane]:
    face, soft = identity.face, 0.016
    upper, lower = lip_edges(face, canvas.x)
    cover = smoothstep(upper - soft, upper + soft, canvas.y) * (1 - smoothstep(lower - soft, lower + soft, canvas.y))
    cover = cover * (1 - smoothstep(face.mouth_width - 0.03, face.mouth_width + 0.01, np.abs(canvas.x)))
    natural = linear(identity.skin) * vector(0.80, 0.42, 0.42) + vector(0.03, 0.0, 0.005)
    painted = vector(0.42, 0.045, 0.07)
    colour = natural + (painted - natural) * (0.55 * identity.make_up)
    albedo = blend(albedo, colour, 0.9 * cover)
    seam = np.exp(-0.5 * ((canvas.y - mouth_line(face, canvas.x)) / 0.013) ** 2)
    seam = seam * (1 - smoothstep(face.mouth_width - 0.02, face.mouth_width + 0.05, np.abs(canvas.x)))
    albedo = blend(albedo, colour * 0.12, 0.9 * seam)
    wet = np.exp(-0.5 * ((canvas.y - (mouth_line(face, canvas.x) + 0.5 * face.lower_lip)) / 0.025) ** 2)
    return albedo, np.asarray(gloss + cover * (0.05 + 0.22 * wet * (0.4 + identity.make_up)), np.float32)


def _paint_brows(canvas: Canvas, identity: Identity, albedo: Plane, rng: np.random.Generator) -> Plane:
    face = identity.face
    along = (np.abs(canvas.x) - face.eye_x + 0.02) / 0.27
    arch = face.brow_y - face.brow_arch * (1 - (along - 0.35) ** 2) + 0.05 * smoothstep(0.3, 1.2, along)
    thick = face.brow_weight * 0.042 * np.clip(1.05 - 0.45 * along - 0.35 * along**4, 0.05, 1.2)
    bristle = 0.004 * canvas.noise(rng, 0.02, 0.04)
    cover = np.exp(-0.5 * (np.abs(canvas.y - arch + bristle) / thick) ** 4)
    cover = cover * smoothstep(-1.15, -0.8, along) * (1 - smoothstep(0.85, 1.1, along))
    hair = linear(identity.hair) * (0.6 if max(identity.hair) > 0.4 else 0.9)
    strands = np.clip(0.9 + 0.1 * canvas.noise(rng, 0.014, 0.05), 0, 1)
    return blend(albedo, hair, np.clip(0.85 * cover * strands, 0, 1))


def _paint_beard(canvas: Canvas, identity: Identity, albedo: Plane, rng: np.random.Generator) -> Plane:
    if not identity.beard:
        return albedo
    face = identity.face
    upper, _ = lip_edges(face, canvas.x)
    edge = face.mouth_y - 0.02 - 0.55 * smoothstep(0.42, face.width, np.abs(canvas.x))
    jaw = smoothstep(edge - 0.1, edge + 0.12, canvas.y)
    moustache = np.exp(-0.5 * ((canvas.y - upper + 0.045 + 0.1 * canvas.x**2) / 0.05) ** 2)
    moustache = moustache * (1 - smoothstep(0.28, 0.42, np.abs(canvas.x)))
    bare = 0.8 * bump(canvas, 0, face.mouth_y + 0.03, 0.2, 0.1) * (canvas.y > upper)
    cover = np.clip(np.maximum(jaw, moustache) - bare, 0, 1)
    grain = np.clip(0.75 + 0.25 * canvas.noise(rng, 0.014, 0.03), 0, 1)
    hair = linear(identity.hair) * 0.8
    return blend(albedo, hair, (0.18 + 0.62 * identity.beard) * cover * grain)
