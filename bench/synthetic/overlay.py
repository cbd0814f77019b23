"""What shows through an opening of the face: an eyeball between the lids, teeth and tongue between the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.synthetic.canvas import Plane, blend


@dataclass(frozen=True, eq=False)
class Overlay:
    """A patch that replaces the skin where it covers it.

    Attributes:
        cover: [H, W] in 0..1.
        albedo: linear RGB [H, W, 3].
        surface: unit normal and gloss [H, W, 4].
        reach: shares of key and ambient light [H, W, 2].
    """

    cover: Plane
    albedo: Plane
    surface: Plane
    reach: Plane

    def lay_on(self, colour: Plane, surface: Plane, reach: Plane) -> None:
        """Blend into the three sampled planes of a `Head`, in place."""
        colour[..., :3] = blend(colour[..., :3], self.albedo, self.cover)
        surface[:] = blend(surface, self.surface, self.cover)
        reach[:] = blend(reach, self.reach, self.cover)


def edge(distance: Plane, pixel: float) -> Plane:
    """Antialiased coverage of `distance` > 0, with `pixel` the size of a pixel in face units."""
    return np.asarray(np.clip(distance / pixel + 0.5, 0, 1))
