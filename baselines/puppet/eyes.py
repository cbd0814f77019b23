"""Eyelids and brows of a still image: the skin above each eye is drawn down over it, brows are lifted."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from baselines.puppet.frame import FaceFrame, smoothstep

_EYES = {
    "right": (
        [33, 246, 161, 160, 159, 158, 157, 173, 133],
        [33, 7, 163, 144, 145, 153, 154, 155, 133],
        [46, 53, 52, 65, 55],
    ),
    "left": (
        [362, 398, 384, 385, 386, 387, 388, 466, 263],
        [362, 382, 381, 380, 374, 373, 390, 249, 263],
        [285, 295, 282, 283, 276],
    ),
}
"""Upper lid, lower lid, lower edge of the brow, from the image's left to its right, of the person's eyes."""
_SHUT = 0.14
"""Height over width of an eye that counts as shut already."""
_BROW_LIFT = 0.028
_LASH_DARKNESS = 0.6


class EyeRig:
    """Blinks and lifts the brow of one eye of an image, uint8 [H, W, 3]; `which` is the person's "right" or "left"."""

    def __init__(self, image: NDArray[np.uint8], frame: FaceFrame, which: str) -> None:
        upper, lower, brow = (frame.points[line, :2] for line in _EYES[which])
        self._image, self._frame = image, frame
        along, across = (max(0.5, spread * frame.unit) for spread in (0.035, 0.012))
        self._smooth = cv2.GaussianBlur(image, (0, 0), along, sigmaY=across)
        left, right = float(upper[0, 0]), max(float(upper[-1, 0]), float(upper[0, 0]) + 0.05)
        top = float(brow[:, 1].min()) - 0.3
        bottom = float(lower[:, 1].max()) + 0.06
        self._rectangle = box = frame.rectangle((left - 0.1, top), (right + 0.1, bottom), image.shape)
        self._a, self._b = frame.coordinates(box.left, box.top, box.width, box.height)
        grid = np.linspace(left, right, 256)
        lid, under, above = (_line(points, grid) for points in (upper, lower, brow))
        gap = np.maximum(under - lid, 0)
        self._blinks = float(gap.max()) > _SHUT * (right - left)
        self._lid, self._travel, brow_edge = (np.interp(self._a, grid, v).astype(np.float32) for v in (lid, gap, above))
        space = np.maximum(self._lid - brow_edge, 0.03)
        self._lashes = np.minimum(0.05, 0.25 * space)
        # the narrow strip of skin between here and the lashes is stretched; further up (glasses) all stays
        self._fold = self._lid - self._lashes - 0.2 * space
        middle, half = (left + right) / 2, (right - left) / 2 + 0.1
        sideways = 1 - smoothstep(0.55, 1.0, np.abs(self._a - middle) / half)
        self._lift = sideways * np.exp(-np.square((self._b - brow_edge + 0.04) / 0.1))
        self._lift *= smoothstep(0, 0.06, self._b - top) * smoothstep(0.0, 0.08, self._lid - self._b)

    def draw(self, canvas: NDArray[np.uint8], blink: float, brow: float) -> None:
        """Draw the eye over the canvas: blink 0 as it is .. 1 shut, brow 0 .. 1 lifted."""
        blink = blink if self._blinks else 0.0
        if self._rectangle.empty or (blink <= 0 and brow <= 0):
            return
        line = self._lid + blink * self._travel
        # a lid that comes down is skin from above the lashes, which are drawn along its edge instead
        skin_edge = self._lid - min(1.0, 2 * blink) * self._lashes
        stretch = np.maximum(skin_edge - self._fold, 1e-3) / np.maximum(line - self._fold, 1e-3)
        skin = np.where(self._b > self._fold, self._fold + (self._b - self._fold) * stretch, self._b)
        skin = skin + _BROW_LIFT * brow * self._lift
        x, y = self._frame.pixels(self._a, skin)
        drawn = cv2.remap(self._image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        smooth = cv2.remap(self._smooth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        stretched = min(1.0, 2 * blink) * smoothstep(0.0, 0.04, self._b - self._fold)
        drawn += stretched[..., None] * (smooth - drawn)
        lash_line = np.exp(-np.square((self._b - line + 0.004) / 0.013)) * np.minimum(self._travel / 0.06, 1)
        drawn *= 1 - min(1.0, 2 * blink) * _LASH_DARKNESS * lash_line[..., None]
        cover = np.clip((line - self._b) * self._frame.unit + 0.5, 0, 1)[..., None]
        region = canvas[self._rectangle.slices]
        region[...] = np.rint(region + cover * (drawn - region)).astype(np.uint8)


def _line(points: NDArray[np.float32], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth line through points (across, down) that run from left to right."""
    a = np.maximum.accumulate(points[:, 0].astype(np.float64) + 1e-4 * np.arange(len(points)))
    a += 1e-6 * np.arange(len(points))
    return np.asarray(PchipInterpolator(a, points[:, 1])(np.clip(grid, a[0], a[-1])))
