"""Hair: a cap that grows on the head, and what hangs or stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bench.synthetic.canvas import Canvas, Plane, smoothstep
from bench.synthetic.identity import HairStyle, Identity
from bench.synthetic.light import linear
from bench.synthetic.relief import dome, inside


@dataclass(frozen=True)
class Cut:
    """A hair style in face units.

    Attributes:
        top, side: how far the hair stands off the crown and off the temples.
        line: height of the hairline above the middle of the forehead.
        window: half the width of the face window that the hair leaves open.
        part: where the parting starts on the crown.
        sweep: how much the hairline drops away from the parting.
        ends: where the hair in front of the ears ends.
        curl: strength of the curls.
    """

    top: float
    side: float
    line: float
    window: float
    part: float
    sweep: float
    ends: float
    curl: float


CUTS: dict[HairStyle, Cut] = {
    "crop": Cut(0.07, 0.035, -0.86, 0.88, 0.0, 0.0, 0.12, 0.25),
    "parted": Cut(0.17, 0.05, -0.82, 0.87, 0.42, 0.22, 0.2, 0.0),
    "curls": Cut(0.34, 0.24, -0.80, 0.86, 0.0, 0.0, 0.35, 1.0),
    "bob": Cut(0.15, 0.13, -0.56, 0.83, -0.2, 0.1, 1.12, 0.0),
    "long": Cut(0.14, 0.12, -0.86, 0.84, 0.18, 0.16, 1.6, 0.15),
    "bun": Cut(0.09, 0.03, -0.90, 0.90, 0.0, 0.0, 0.1, 0.0),
}


@dataclass(frozen=True, eq=False)
class Hair:
    """Hair over a canvas: depth, coverage, albedo [H, W, 3] and gloss."""

    depth: Plane
    cover: Plane
    albedo: Plane
    gloss: Plane


def grow_cap(canvas: Canvas, identity: Identity) -> Hair | None:
    """The hair on the head itself; None for a bald one."""
    if identity.hair_style == "bald":
        return None
    cut, face = CUTS[identity.hair_style], identity.face
    rng = np.random.default_rng([identity.seed, 0x4A])
    y = canvas.y
    strand = _strands(canvas, identity, cut, rng)
    curls = cut.curl * canvas.noise(rng, 0.085)
    width = _cap_width(canvas, identity, cut)
    rise = np.clip(1 - np.abs(np.minimum(y, 0) / (face.crown - cut.top)) ** 2.4, 0, 1) ** 0.5
    depth = dome(canvas, width, rise.astype(np.float32)) * 1.06 + 0.02
    depth += 0.012 * strand * (1 - 0.6 * cut.curl) + 0.035 * curls
    window = _beyond_window(canvas, identity, cut) + 0.018 * strand + 0.018 * curls
    ragged = np.asarray((width + 0.025 * curls) * (width > 0), np.float32)
    ends = 1 - smoothstep(cut.ends - 0.1, cut.ends + 0.1, y + 0.04 * strand)
    cover = inside(canvas, ragged) * smoothstep(-0.025, 0.03, window) * ends
    albedo, gloss = _colour(canvas, identity, strand, curls)
    return Hair(np.asarray(depth, np.float32), np.asarray(cover, np.float32), albedo, gloss)


def grow_behind(canvas: Canvas, identity: Identity) -> Hair | None:
    """The hair that hangs behind the face (bob, long) or stands on the head (bun); None where there is none."""
    if identity.hair_style not in ("bob", "long", "bun"):
        return None
    rng = np.random.default_rng([identity.seed, 0x4B])
    grow = _bun if identity.hair_style == "bun" else _curtain
    depth, cover, strand = grow(canvas, identity, rng)
    albedo, gloss = _colour(canvas, identity, strand, np.zeros_like(strand))
    return Hair(np.asarray(depth, np.float32), np.asarray(cover, np.float32), albedo * 0.8, gloss * 0.5)


def _bun(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    """Depth, coverage and strands of a knot on the crown."""
    x, y = canvas.x, canvas.y - identity.face.crown
    radius = np.hypot(x / 0.44, (y - 0.02) / 0.36)
    strand = _lookup(rng, np.arctan2(x, y - 0.3) / 0.05, 4 * radius)
    depth = -0.3 + 0.36 * np.sqrt(np.clip(1 - radius**2, 0, 1)) + 0.012 * strand
    return depth, np.clip((1 - radius) * 0.36 * canvas.density + 0.5, 0, 1), strand


def _curtain(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    """Depth, coverage and strands of hair that falls on both sides of the neck."""
    cut, face = CUTS[identity.hair_style], identity.face
    x, y = np.abs(canvas.x), canvas.y
    strand = _lookup(rng, canvas.x / 0.035, y / 0.5)
    hanging = (face.width + cut.side) * (0.9 + 0.1 * smoothstep(1.0, 1.7, y)) + 0.05 * np.sin(2.2 * y) + 0.02 * strand
    width = np.where(y < 0, 0.9 * _cap_width(canvas, identity, cut), hanging).astype(np.float32)
    gap = 0.52 * face.width * smoothstep(0.9, 1.3, y)
    depth = -0.35 + 0.45 * np.sqrt(np.clip(1 - ((x - 0.82) / 0.5) ** 2, 0, 1)) + 0.012 * strand
    bottom = 1.2 if identity.hair_style == "bob" else 2.55
    ends = 1 - smoothstep(bottom - 0.12, bottom + 0.08, y + 0.12 * strand + 0.25 * np.maximum(x - 0.8, 0))
    return depth, inside(canvas, width) * smoothstep(-0.02, 0.03, x - gap + 0.02 * strand) * ends, strand


def _cap_width(canvas: Canvas, identity: Identity, cut: Cut) -> Plane:
    y, face = canvas.y, identity.face
    above = np.clip(1 - np.abs(np.minimum(y, 0) / (face.crown - cut.top)) ** 2.4, 0, 1) ** (1 / 2.2)
    return np.asarray((face.width + cut.side) * above * (1 - 0.06 * np.clip(y, 0, 1.2)), np.float32)


def _beyond_window(canvas: Canvas, identity: Identity, cut: Cut) -> Plane:
    """Distance from the face window, positive in the hair."""
    centre = -0.15
    away = np.abs(canvas.x - cut.part)
    line = cut.line + cut.sweep * (1 - np.exp(-((away / 0.4) ** 2)))
    up = np.clip((centre - canvas.y) / (centre - line), 0, None)
    half = cut.window * identity.face.width
    return np.asarray(((np.abs(canvas.x) / half) ** 2.6 + up**2.6) ** (1 / 2.6) - 1, np.float32) * half


def _strands(canvas: Canvas, identity: Identity, cut: Cut, rng: np.random.Generator) -> Plane:
    """Unit noise that is stretched along the strands, which fall from the parting in parabolas."""
    root = identity.face.crown - cut.top - 0.02
    lane = (canvas.x - cut.part) / np.sqrt(np.maximum(canvas.y - root, 0.03))
    return _lookup(rng, lane / 0.03, canvas.y / 0.45)


def _lookup(rng: np.random.Generator, across: Plane, along: Plane) -> Plane:
    lattice = rng.standard_normal((64, 256)).astype(np.float32)
    lattice += 6 * cv2.GaussianBlur(lattice, (0, 0), 4)
    columns, rows = np.asarray(across + 128, np.float32), np.asarray(along + 16, np.float32)
    field = cv2.remap(lattice, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(field / lattice.std(), np.float32)


def _colour(canvas: Canvas, identity: Identity, strand: Plane, curls: Plane) -> tuple[Plane, Plane]:
    tone = np.clip(0.9 + 0.22 * strand + 0.18 * curls, 0.3, 1.6)
    albedo = linear(identity.hair) * tone[..., None]
    band = np.exp(-0.5 * ((canvas.y + 0.85 - 0.25 * canvas.x**2) / 0.22) ** 2)
    gloss = np.clip((0.03 + 0.12 * band) * (0.8 + 0.4 * strand), 0, None)
    return np.asarray(albedo, np.float32), np.asarray(gloss, np.float32)
