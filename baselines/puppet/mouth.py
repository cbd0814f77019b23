"""The mouth and jaw of a still image: opens, closes, spreads and purses, and shows what is behind the lips.

The picture is cut along the line between the lips. Below the cut it moves down with the jaw, above it up with the upper
lip, each pixel sampled from where it came (backward warp); the gap is painted: what the image shows between the lips
where they are apart already, else teeth, tongue and shadow in the light of the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from baselines.puppet.frame import F32, FaceFrame, smoothstep
from baselines.puppet.lips import LipLines
from baselines.puppet.oral_cavity import OralCavity

_CHIN, _JAW_CORNERS = 152, (172, 397)

_WIDEST = 0.22
"""Gap between the lips at opening 1; about 20 mm where the outer eye corners are 90 mm apart."""
_RELAXED = 0.3
"""Part of the image's own gap that is left in a pause."""
_LOWER_SHARE = 0.82
"""Part of the gap that the jaw makes, the upper lip makes the rest."""


@dataclass(frozen=True)
class MouthPose:
    """One frame of a `MouthTrack`."""

    opening: float
    width: float
    press: float
    tuck: float
    activity: float


class MouthRig:
    """Moves the mouth of one image.

    Args:
        image: uint8 [H, W, 3], RGB.
        frame: the face in it.
    """

    def __init__(self, image: NDArray[np.uint8], frame: FaceFrame) -> None:
        points = frame.points
        self._image, self._frame = image, frame
        self._corners = float(points[78, 0]), float(points[308, 0])
        chin = float(points[_CHIN, 1])
        jaw = float(points[_JAW_CORNERS[0], 0]), float(points[_JAW_CORNERS[1], 0])
        low = (min(jaw[0], self._corners[0] - 0.15) - 0.15, -0.42)
        high = (max(jaw[1], self._corners[1] + 0.15) + 0.15, chin + 0.6)
        self._rectangle = frame.rectangle(low, high, image.shape)
        box = self._rectangle
        self._a, self._b = frame.coordinates(box.left, box.top, box.width, box.height)
        self._lines = LipLines.of(image, frame, low[0] - 0.5, high[0] + 0.5)
        u, upper, lower, _, _ = self._lines.at(self._a)
        middle = (upper + lower) / 2
        lip_to_chin = max(chin - float(points[14, 1]), 0.15)
        centre = sum(self._corners) / 2
        side = np.where(self._a < centre, centre - jaw[0], jaw[1] - centre)
        self._from_centre = self._a - centre
        self._jaw_width = 1 - smoothstep(0.35, 1.15, np.abs(self._from_centre) / np.maximum(side, 0.1))
        lip = max(float(points[17, 1] - points[14, 1]), 0.08)
        self._below_lip = smoothstep(lip, lip + 0.7 * lip_to_chin, self._b - lower)
        self._above_neck = 1 - smoothstep(chin - 0.02, chin + 0.55, self._b)
        self._lower_lip = np.exp(-np.square(np.maximum(self._b - lower, 0) / 0.3))
        self._upper_lip = np.exp(-np.square(np.maximum(upper - self._b, 0) / 0.13))
        self._widening = np.exp(-((u / 1.5) ** 4) - np.square((self._b - middle) / 0.26))
        self._corner_pull = np.exp(-np.square((np.abs(u) - 1) / 0.4) - np.square((self._b - middle) / 0.16))
        self._cavity = OralCavity.of(image, frame)

    def draw(self, canvas: NDArray[np.uint8], pose: MouthPose) -> None:
        """Draw the mouth in that pose over the canvas, uint8 [H, W, 3], which shows the image elsewhere."""
        if self._rectangle.empty:
            return
        lines = self._lines
        wanted = max(pose.opening * _WIDEST, (1 - pose.activity) * _RELAXED * lines.widest)
        change = wanted - lines.widest
        grow, shut = max(change, 0.0), max(-change, 0.0) / max(lines.widest, 1e-6)
        press, lift = 0.01 * pose.press, 0.016 * pose.tuck
        stretch = (0.18 if pose.width > 0 else 0.34) * pose.width
        a = self._a - stretch * self._from_centre * self._widening
        u, upper, lower, gap, arch = lines.at(a)
        drop = _LOWER_SHARE * grow
        pull = 0.22 * drop * self._corner_pull
        rise = ((1 - _LOWER_SHARE) * grow + lift - press) * arch - (1 - _LOWER_SHARE) * shut * gap
        fall = -(_LOWER_SHARE * shut * gap + 1.2 * press * arch + 0.5 * lift * arch)
        jaw = drop * (arch + (self._jaw_width - arch) * self._below_lip) * self._above_neck
        top, bottom = upper - rise + pull, lower + drop * arch + fall + pull
        from_upper = self._b + rise * self._upper_lip - pull
        from_lower = self._b - jaw - fall * self._lower_lip - pull
        side = np.clip((self._b - (top + bottom) / 2) * self._frame.unit + 0.5, 0, 1)  # 0 above the cut, 1 below it
        region = canvas[self._rectangle.slices]
        region[...] = self._sample(a, np.where(side > 0.5, from_lower, from_upper))
        if (cut := _bounds((side > 0) & (side < 1) & (np.abs(u) < 1.1))) is not None:
            above, below = (self._sample(a[cut], rows[cut]).astype(np.float32) for rows in (from_upper, from_lower))
            region[cut] = np.rint(above + side[cut][..., None] * (below - above)).astype(np.uint8)
        self._paint_inside(region, u, upper, top, bottom, gap)

    def _sample(self, a: F32, b: F32) -> NDArray[np.uint8]:
        """The image at face coordinates."""
        x, y = self._frame.pixels(a, b)
        return cast(NDArray[np.uint8], cv2.remap(self._image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))

    def _paint_inside(self, region: NDArray[np.uint8], u: F32, upper: F32, top: F32, bottom: F32, gap: F32) -> None:
        """What shows between the lips; arrays are per pixel of the region, lines in units."""
        cut = _bounds((self._b > top) & (self._b < bottom) & (np.abs(u) < 1.1))
        if cut is None:
            return
        b, u, upper, top, bottom, gap = (v[cut] for v in (self._b, u, upper, top, bottom, gap))
        colour = self._cavity.colour(self._from_centre[cut], u, b - upper, b - top, bottom - b)
        if self._lines.widest:
            # the teeth belong to the skull: what the image shows of them stays where it is
            shown = smoothstep(0.0, 0.015, upper + gap - b) * smoothstep(0.01, 0.03, gap)
            colour += shown[..., None] * (self._sample(self._a[cut], np.maximum(b, upper + 0.012)) - colour)
        pixel = self._frame.unit / 1.3
        cover = np.clip((b - top) * pixel, 0, 1) * np.clip((bottom - b) * pixel, 0, 1) * (np.abs(u) < 1.1)
        moved = np.abs(top - upper) + np.abs(bottom - upper - gap)
        cover *= np.clip(moved / 0.015, 0, 1)  # lips at rest show the image
        target = region[cut]
        target[...] = np.rint(target + cover[..., None] * (colour - target)).astype(np.uint8)


def _bounds(mask: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """The smallest rectangle that holds what is true, rows and columns; None where nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)) if len(rows) else None
