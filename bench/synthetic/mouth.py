"""The mouth: lips that part and round, the jaw that drops with them, teeth and tongue between."""

from __future__ import annotations

import numpy as np

from bench.synthetic.canvas import Plane, blend, smoothstep, vector
from bench.synthetic.identity import Face
from bench.synthetic.overlay import Overlay, edge
from bench.synthetic.pose import Pose
from bench.synthetic.relief import mouth_line

LIP_DROP, LIP_RISE, JAW_DROP = 0.25, 0.045, 0.17
"""Travel of the lower lip, the upper lip and the chin at full opening, in face units."""


def lip_gap(face: Face, x: Plane, pose: Pose) -> tuple[Plane, Plane]:
    """Heights of the lower edge of the upper lip and of the upper edge of the lower lip, in posed coordinates."""
    t = np.clip(np.abs(x) / (face.mouth_width * pose.spread), 0, 1)
    line = mouth_line(face, x / pose.spread)
    arch = np.sqrt(1 - t**2) * (1 - 0.25 * t**4)
    opening = pose.opening
    return line - LIP_RISE * opening * arch, line + LIP_DROP * opening * arch


def part_lips(face: Face, x: Plane, y: Plane, pose: Pose, pixel: float) -> tuple[Plane, Plane, Overlay]:
    """The lower face in one pose.

    Args:
        x, y: posed face coordinates of the pixels.
        pixel: size of a pixel in face units.

    Returns:
        the coordinates at rest to sample the skin from, and what shows between the lips.
    """
    around = np.exp(-0.5 * ((x / 0.42) ** 2 + ((y - face.mouth_y - 0.08 * pose.opening) / 0.3) ** 2) ** 2)
    rest_x = x / (1 + (pose.spread - 1) * around)
    upper, lower = lip_gap(face, x, pose)
    line = mouth_line(face, x / pose.spread)
    jaw = JAW_DROP * pose.opening * (1 - smoothstep(0.35, 1.0, np.abs(x)))
    settled = smoothstep(0.0, 0.32, y - lower)
    dropped = y - ((lower - line) * (1 - settled) + jaw * settled)
    raised = y + (line - upper) * smoothstep(face.nose_y + 0.1, face.mouth_y - 0.02, y)
    middle = (upper + lower) / 2
    rest_y = np.where(y > middle, np.maximum(dropped, line), np.minimum(raised, line))
    overlay = _between(face, x, y, upper, lower, pose, pixel)
    return rest_x.astype(np.float32), rest_y.astype(np.float32), overlay


def _between(face: Face, x: Plane, y: Plane, upper: Plane, lower: Plane, pose: Pose, pixel: float) -> Overlay:
    half = face.mouth_width * pose.spread
    t = np.abs(x) / half
    cover = (
        edge(y - upper, pixel) * edge(lower - y, pixel) * (t < 1) * smoothstep(0.5 * pixel, 2 * pixel, lower - upper)
    )
    albedo = np.broadcast_to(vector(0.055, 0.014, 0.012), (*x.shape, 3))
    floor = face.mouth_y + LIP_DROP * pose.opening
    tongue = smoothstep(1.0, 0.55, np.hypot(x / (0.72 * half), (y - floor - 0.03) / (0.05 + 0.09 * pose.opening)))
    albedo = blend(albedo, vector(0.36, 0.10, 0.09), 0.85 * tongue)
    arc = 0.03 * t**2
    upper_teeth = edge(face.mouth_y + 0.045 - arc - y, pixel) * smoothstep(0.86, 0.74, t)
    lower_teeth = edge(y - (floor - 0.035 + 1.5 * arc), pixel) * smoothstep(0.75, 0.6, t) * float(pose.opening > 0.3)
    tooth = 0.62 - 0.14 * np.exp(-((((np.abs(x) / 0.062) % 1 - 0.5) / 0.1) ** 2) / 2) - 0.3 * np.minimum(t, 1) ** 2
    ivory = np.clip(tooth, 0.1, 1)[..., None] * vector(1.0, 0.95, 0.86)
    albedo = blend(albedo, ivory, np.maximum(upper_teeth, 0.7 * lower_teeth))
    depth_shade = 0.45 + 0.55 * smoothstep(0.0, 0.05, np.minimum(y - upper, (lower - y) * 1.5 + 0.02))
    reach = depth_shade * (1 - 0.45 * np.minimum(t, 1) ** 2)
    flat = np.zeros((*x.shape, 4), np.float32)
    flat[..., 0], flat[..., 2], flat[..., 3] = 0.3 * np.clip(x / half, -1, 1), 0.95, 0.05
    return Overlay(cover.astype(np.float32), albedo, flat, np.dstack([reach, reach]).astype(np.float32))
