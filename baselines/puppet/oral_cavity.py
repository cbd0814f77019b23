"""What shows behind open lips: teeth, tongue and shadow, in the light of the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from baselines.puppet.frame import F32, FaceFrame, smoothstep


@dataclass(frozen=True)
class OralCavity:
    """How bright white is in the image, 0..1, and how warm the light, as factors on RGB."""

    exposure: float
    tint: tuple[float, float, float]

    @staticmethod
    def of(image: NDArray[np.uint8], frame: FaceFrame) -> OralCavity:
        box = frame.rectangle(
            tuple(frame.points[:, :2].min(axis=0)), tuple(frame.points[:, :2].max(axis=0)), image.shape
        )
        face = image[box.slices].reshape(-1, 3).astype(np.float32)
        if not len(face):
            return OralCavity(0.8, (1.0, 1.0, 1.0))
        bright = np.percentile(face, 92, axis=0)
        tint = np.clip((bright / max(float(bright.mean()), 1.0)) ** 0.5, 0.8, 1.2)
        return OralCavity(
            float(np.clip(bright.max() / 235, 0.45, 1.0)), (float(tint[0]), float(tint[1]), float(tint[2]))
        )

    def colour(self, across: F32, u: F32, below_seam: F32, below_lip: F32, above_lip: F32) -> F32:
        """Colour of the inside of a mouth, float32 [..., 3] in 0..255; distances in units, `across` from the middle."""
        round_off = np.clip(1 - 0.8 * u * u, 0, 1)
        cavity = np.array([46, 17, 17], np.float32) * (0.3 + 0.7 * round_off)[..., None]
        tongue = smoothstep(0.0, 0.05, 0.07 * round_off - above_lip) * smoothstep(0.06, 0.12, below_lip + above_lip)
        colour = cavity + 0.7 * tongue[..., None] * (np.array([140, 62, 62], np.float32) - cavity)
        tooth, gap = _teeth(np.abs(across))
        edge = 0.028 - 0.007 * tooth * tooth - 0.2 * across * across
        teeth = (1 - smoothstep(edge - 0.006, edge + 0.004, below_seam)) * (1 - smoothstep(0.55, 0.95, np.abs(u)))
        shade = (0.42 + 0.5 * smoothstep(0.0, 0.035, below_lip)) * (0.35 + 0.65 * round_off) * (1 - 0.3 * gap)
        colour += teeth[..., None] * (np.array([214, 203, 188], np.float32) * shade[..., None] - colour)
        return cast(F32, (colour * (self.exposure * np.array(self.tint, np.float32))).astype(np.float32))


def _teeth(across: F32) -> tuple[F32, F32]:
    """Place within its tooth (-1..1) and nearness to a gap between teeth (0..1), at distances from the middle.

    Upper incisors and canines are about 8.5, 6.5 and 7.5 mm wide, where one unit is about 90 mm.
    """
    edges = np.array([0.0, 0.094, 0.166, 0.25, 0.33, 0.41], np.float32)
    which = np.clip(np.searchsorted(edges, across, side="right") - 1, 0, len(edges) - 2)
    place = 2 * (across - edges[which]) / (edges[which + 1] - edges[which]) - 1
    return place.astype(np.float32), np.exp(-np.square((1 - np.minimum(np.abs(place), 1)) / 0.12)).astype(np.float32)
