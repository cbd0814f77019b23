"""Eyes: lids that close over a ball with iris, pupil and catchlight."""

from __future__ import annotations

import numpy as np

from bench.synthetic.canvas import Plane, blend, smoothstep, vector
from bench.synthetic.identity import Face, Identity
from bench.synthetic.light import linear
from bench.synthetic.overlay import Overlay, edge
from bench.synthetic.pose import Pose


def lid_edges(face: Face, x: Plane) -> tuple[Plane, Plane]:
    """Heights of the open upper lid and of the lower lid at |x|; they meet at the corners of the eye."""
    t = np.clip((np.abs(x) - face.eye_x) / face.eye_width, -1, 1)
    corner = -face.eye_tilt * t + 0.012
    skewed = t + 0.16 * (1 - t**2)
    upper = corner - face.eye_height * np.clip(1 - np.abs(skewed) ** 2.3, 0, 1) ** 0.85
    lower = corner + 0.62 * face.eye_height * (1 - np.abs(t - 0.12 * (1 - t**2)) ** 2.4)
    return np.asarray(upper, np.float32), np.asarray(lower, np.float32)


def open_eye(identity: Identity, x: Plane, y: Plane, pose: Pose, side: int, pixel: float) -> tuple[Plane, Overlay]:
    """One eye in one pose.

    Args:
        x, y: posed face coordinates of the pixels around the eye.
        side: +1 for the eye at x > 0, -1 for the other.
        pixel: size of a pixel in face units.

    Returns:
        the height at rest to sample the skin from, and the eyeball with the lashes.
    """
    face = identity.face
    upper, lower = lid_edges(face, x)
    lid = lower + (upper - lower) * pose.lids
    hinge = face.brow_y + 0.1
    stretched = hinge + (y - hinge) * (upper - hinge) / (lid - hinge)
    skin_y = np.where((y > hinge) & (y < lid), stretched, y)
    t = (np.abs(x) - face.eye_x) / face.eye_width
    ball = edge(y - lid, pixel) * edge(lower - y, pixel) * (np.abs(t) < 1)
    albedo = _ball_colour(identity, x, y, t, pose, side, pixel)
    lash, weight = _lashes(identity, y, t, lid, lower)
    albedo = blend(albedo, vector(0.012, 0.008, 0.006), lash)
    radius = 1.15 * face.eye_width
    across, down = (x - side * face.eye_x) / radius, y / radius
    towards = np.sqrt(np.clip(1 - across**2 - down**2, 0.05, 1))
    gloss = np.full_like(x, 0.05)
    shade = 0.35 + 0.65 * smoothstep(lid - 0.01, lid + 0.07, y)
    surface = np.dstack([across, down, towards, gloss]).astype(np.float32)
    cover = np.maximum(ball, lash * weight)
    return skin_y.astype(np.float32), Overlay(cover.astype(np.float32), albedo, surface, np.dstack([shade, shade]))


def _ball_colour(identity: Identity, x: Plane, y: Plane, t: Plane, pose: Pose, side: int, pixel: float) -> Plane:
    face = identity.face
    white = vector(0.66, 0.63, 0.62) * (1 - 0.28 * t**2)[..., None]
    pink = np.exp(-0.5 * ((t + 1) / 0.13) ** 2)
    albedo = blend(white.astype(np.float32), vector(0.55, 0.26, 0.24), pink.astype(np.float32))
    radius = 0.092 if identity.kind != "child" else 0.103
    u, v = x - side * face.eye_x - pose.gaze_x, y + 0.006 - pose.gaze_y
    distance = np.hypot(u, v)
    r = distance / radius
    fibres = 1 + 0.16 * np.sin(17 * np.arctan2(v, u) + identity.seed) + 0.35 * np.clip(v / radius, -0.6, 1)
    iris = linear(identity.iris)[None, None] * (1.15 * fibres * (1 - 0.75 * smoothstep(0.75, 1.0, r)))[..., None]
    albedo = blend(albedo, iris.astype(np.float32), edge(radius - distance, pixel))
    albedo = blend(albedo, vector(0.004, 0.004, 0.004), edge(0.42 * radius - distance, pixel))
    glint = np.exp(-0.5 * (((u + 0.03) ** 2 + (v + 0.035) ** 2) / max(0.014, 0.6 * pixel) ** 2))
    return np.asarray(albedo + (1.6 * glint)[..., None], np.float32)


def _lashes(identity: Identity, y: Plane, t: Plane, lid: Plane, lower: Plane) -> tuple[Plane, float]:
    """Coverage of both lash lines and how opaque they are."""
    along = smoothstep(-1.05, -0.7, t) * (1 - smoothstep(1.0, 1.2, t))
    thick = 0.011 + 0.006 * identity.make_up + 0.006 * smoothstep(0.2, 1.0, t)
    above = np.exp(-(((y - lid + 0.006) / thick) ** 2)) * along
    below = 0.35 * np.exp(-(((y - lower - 0.004) / 0.011) ** 2)) * along
    return np.maximum(above, below).astype(np.float32), 0.95 if identity.kind == "woman" else 0.8
