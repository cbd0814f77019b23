"""One moment of a performance, and the sequence of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float32]


@dataclass(frozen=True)
class Pose:
    """What the head does in one frame.

    Attributes:
        yaw, pitch, roll: rotation in radians; positive turns to the viewer's right, looks down, tips to the right.
        shift_x, shift_y: translation in face units.
        opening: gap between the lips, 0 (closed) to 1 (wide open).
        spread: width of the mouth against rest, about 0.7 (rounded) to 1.15 (spread).
        lids: 1 with open eyes, 0 closed.
        brows: rise of the eyebrows, about -0.3 to 1.
        gaze_x, gaze_y: displacement of the irises in face units.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    opening: float = 0.0
    spread: float = 1.0
    lids: float = 1.0
    brows: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


@dataclass(frozen=True, eq=False)
class Performance:
    """A `Pose` for every frame, as one float32 [T] curve for each of its fields."""

    yaw: Curve
    pitch: Curve
    roll: Curve
    shift_x: Curve
    shift_y: Curve
    opening: Curve
    spread: Curve
    lids: Curve
    brows: Curve
    gaze_x: Curve
    gaze_y: Curve

    def __len__(self) -> int:
        return len(self.opening)

    def __getitem__(self, frame: int) -> Pose:
        return Pose(**{field.name: float(getattr(self, field.name)[frame]) for field in fields(self)})
