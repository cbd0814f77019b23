"""The head as a relief: depth over the frontal plane, its normals, and where light reaches it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.synthetic.canvas import Canvas, Plane, bump, smoothstep, twin_bump
from bench.synthetic.identity import Face
from bench.synthetic.light import Colour


def half_width(face: Face, y: Plane) -> Plane:
    """Half the width of the bare head at height y; zero above the crown and below the chin."""
    above = np.clip(1 - np.abs(np.minimum(y, 0) / face.crown) ** 2.4, 0, 1) ** (1 / 2.2)
    below = np.clip(1 - np.clip(y / face.chin, 0, 1) ** face.squareness, 0, 1) ** (1 / 1.75)
    return np.asarray(face.width * above * below, np.float32)


def dome(canvas: Canvas, width: Plane, rise: Plane) -> Plane:
    """A rounded surface over |x| < width whose ridge has height `rise`."""
    across = np.abs(canvas.x) / np.maximum(width, 1e-3)
    return np.asarray(rise * np.sqrt(np.clip(1 - across**2.4, 0, 1)), np.float32)


def inside(canvas: Canvas, width: Plane) -> Plane:
    """Antialiased coverage of |x| < width."""
    slope = np.hypot(np.gradient(width, axis=0), 1 / canvas.density) * canvas.density
    cover = np.clip((width - np.abs(canvas.x)) / slope * canvas.density + 0.5, 0, 1) * (width > 0)
    return np.asarray(cover, np.float32)


def face_depth(canvas: Canvas, face: Face) -> Plane:
    """Depth of the bare face, mouth closed, without ears and hair."""
    y, x = canvas.y, canvas.x
    profile = np.where(
        y < 0,
        np.clip(1 - np.abs(y / face.crown) ** 2.6, 0, 1) ** 0.5,
        np.clip(1 - np.clip(y / face.chin, 0, 1) ** 5, 0, 1) ** 0.5,
    ).astype(np.float32)
    depth = dome(canvas, half_width(face, y), profile)
    eye, mouth, chin = face.eye_x, face.mouth_y, face.chin
    depth += 0.07 * twin_bump(canvas, eye - 0.02, face.brow_y + 0.03, 0.24, 0.075)
    depth -= 0.15 * twin_bump(canvas, eye, 0.02, 0.23, 0.14)
    depth += 0.09 * twin_bump(canvas, eye, 0.0, 0.15, 0.095)
    depth -= 0.05 * twin_bump(canvas, 0.2, -0.02, 0.06, 0.14)
    depth += 0.07 * face.cheek * twin_bump(canvas, 0.55, 0.40, 0.24, 0.20)
    depth += 0.07 * bump(canvas, 0, mouth - 0.02, 0.36, 0.24)
    depth -= 0.05 * bump(canvas, 0, (mouth + chin) / 2 - 0.02, 0.2, 0.05)
    depth += 0.08 * bump(canvas, 0, chin - 0.17, 0.2, 0.1)
    depth += _nose(canvas, face) + _lips(canvas, face)
    fold = np.abs(x) - (0.25 + 0.24 * np.clip((y - face.nose_y) / (mouth - face.nose_y + 0.12), 0, 1.2))
    reach = smoothstep(face.nose_y - 0.05, face.nose_y + 0.1, y) * (1 - smoothstep(mouth - 0.05, mouth + 0.15, y))
    depth -= 0.022 * np.exp(-0.5 * (fold / 0.035) ** 2) * reach
    return np.asarray(depth, np.float32)


def _nose(canvas: Canvas, face: Face) -> Plane:
    x, y, tip, wide = canvas.x, canvas.y, face.nose_y, face.nose_width
    along = np.clip((y + 0.22) / (tip + 0.22), 0, 1)
    ridge = (0.05 + 0.27 * along**1.3) * np.exp(-0.5 * (x / (0.085 + 0.05 * along * wide)) ** 2)
    ridge *= smoothstep(-0.32, -0.1, y) * (1 - smoothstep(tip - 0.04, tip + 0.19, y))
    ball = 0.11 * bump(canvas, 0, tip - 0.03, 0.1 * wide, 0.09)
    wings = 0.11 * twin_bump(canvas, 0.155 * wide, tip + 0.03, 0.07, 0.065)
    return np.asarray(face.nose_height * (ridge + ball + wings), np.float32)


def _lips(canvas: Canvas, face: Face) -> Plane:
    upper, lower = lip_edges(face, canvas.x)
    line = mouth_line(face, canvas.x)
    top = np.clip((line - canvas.y) / np.maximum(line - upper, 1e-3), 0, 1)
    bottom = np.clip((canvas.y - line) / np.maximum(lower - line, 1e-3), 0, 1)
    inside_upper = (canvas.y <= line) & (canvas.y >= upper)
    inside_lower = (canvas.y > line) & (canvas.y <= lower)
    swell = np.where(inside_upper, 0.045 * np.sin(np.pi * top**0.8), 0) + np.where(
        inside_lower, 0.06 * np.sin(np.pi * bottom**0.75), 0
    )
    philtrum = -0.02 * bump(canvas, 0, (face.nose_y + face.mouth_y) / 2 + 0.03, 0.035, 0.06)
    return np.asarray(canvas.blur(swell.astype(np.float32), 0.012) + philtrum, np.float32)


def mouth_line(face: Face, x: Plane) -> Plane:
    """Height of the line between the closed lips."""
    t = np.clip(np.abs(x) / face.mouth_width, 0, 1)
    return np.asarray(face.mouth_y + 0.012 * np.exp(-((x / 0.05) ** 2)) - 0.022 * t**2.5 + 0.006, np.float32)


def lip_edges(face: Face, x: Plane) -> tuple[Plane, Plane]:
    """Heights of the upper edge of the mouth (a Cupid's bow) and of its lower edge; both meet the corners."""
    t = np.clip(np.abs(x) / face.mouth_width, 0, 1)
    line = mouth_line(face, x)
    bow = (1 - t**1.7) * (1 - 0.28 * np.exp(-((t / 0.13) ** 2)))
    return (
        np.asarray(line - face.upper_lip * bow, np.float32),
        np.asarray(line + face.lower_lip * (1 - t**2.2) ** 0.85, np.float32),
    )


def ear_depth(canvas: Canvas, face: Face) -> tuple[Plane, Plane]:
    """Depth and coverage of both ears, which sit behind the cheeks."""
    u = (np.abs(canvas.x) - face.width - 0.015) / 0.13 - 0.25 * (0.25 - canvas.y)
    v = (canvas.y - 0.2) / 0.29
    radius = u**2 + v**2
    shell = np.sqrt(np.clip(1 - radius, 0, 1))
    hollow = 0.10 * np.exp(-0.5 * (((u + 0.05) / 0.38) ** 2 + ((v + 0.05) / 0.5) ** 2))
    cover = np.clip((1 - np.sqrt(radius)) * 0.13 * canvas.density + 0.5, 0, 1)
    return np.asarray(-0.25 + 0.16 * shell - hollow, np.float32), np.asarray(cover, np.float32)


def normals(canvas: Canvas, depth: Plane) -> Plane:
    """Unit normals [H, W, 3] of a relief."""
    slope_y, slope_x = np.gradient(depth * canvas.density)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(depth)], axis=-1)
    return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True), np.float32)


def openness(canvas: Canvas, depth: Plane) -> Plane:
    """Shard of the sky that a point sees: hollows, compared with their blurred surroundings, are darker."""
    hollow = np.zeros_like(depth)
    for sigma, strength in ((0.03, 3.0), (0.08, 2.0), (0.2, 0.9)):
        hollow += strength * np.maximum(canvas.blur(depth, sigma) - depth, 0)
    return np.asarray(1 / (1 + hollow), np.float32)


def cast_shadow(canvas: Canvas, depth: Plane, key: Colour) -> Plane:
    """Shard of the key light that is not blocked by the relief itself; soft, from a march towards the light."""
    across, along, towards = key
    blocked = np.zeros_like(depth)
    for step in np.linspace(0.03, 0.7, 20):
        shift = np.array([[1, 0, across * step * canvas.density], [0, 1, along * step * canvas.density]], np.float32)
        size = (depth.shape[1], depth.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        ahead = cv2.warpAffine(depth, shift, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        excess = (ahead - depth - towards * step) / (0.03 + 0.25 * step)
        np.maximum(blocked, np.clip(excess, 0, 1), out=blocked)
    shadow: NDArray[np.float32] = 1 - 0.6 * canvas.blur(blocked, 0.03)
    return shadow
