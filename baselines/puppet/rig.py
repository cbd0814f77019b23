"""The whole face of a still image in motion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from baselines.animation import Motion
from baselines.puppet.eyes import EyeRig
from baselines.puppet.frame import FaceFrame
from baselines.puppet.head import HeadRig
from baselines.puppet.mouth import MouthPose, MouthRig
from narrator.face import Face

_CHUNK_BYTES = 32 << 20


class FaceRig:
    """Animates one face.

    Args:
        image: uint8 [H, W, 3], RGB.
        face: its mesh, in pixels of that image.
    """

    def __init__(self, image: NDArray[np.uint8], face: Face) -> None:
        frame = FaceFrame.of(face)
        self._image = image
        self._mouth = MouthRig(image, frame)
        self._eyes = [EyeRig(image, frame, which) for which in ("right", "left")]
        self._head = HeadRig(image, frame)

    def render(self, motion: Motion) -> Iterator[NDArray[np.uint8]]:
        """The frames, in chunks of 1 to 32 that stay below 32 MB where they can: uint8 [t, H, W, 3]."""
        chunk = int(np.clip(_CHUNK_BYTES // self._image.nbytes, 1, 32))
        for start in range(0, len(motion), chunk):
            yield np.stack([self.pose(motion, i) for i in range(start, min(start + chunk, len(motion)))])

    def pose(self, motion: Motion, index: int) -> NDArray[np.uint8]:
        """One frame, uint8 [H, W, 3]."""
        track = motion.mouth
        values = (float(v[index]) for v in (track.opening, track.width, track.press, track.tuck, track.activity))
        canvas = self._image.copy()
        self._mouth.draw(canvas, MouthPose(*values))
        for eye in self._eyes:
            eye.draw(canvas, float(motion.blink[index]), float(motion.brow[index]))
        return self._head.turn(canvas, float(motion.yaw[index]), float(motion.pitch[index]), float(motion.roll[index]))
