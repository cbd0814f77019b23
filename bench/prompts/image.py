"""The driving image: the face that the narrated clip begins with."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.datasets.dataset import Sample
from bench.media.clip import Decoding, first_frame
from bench.media.clip_file import ClipFile
from bench.media.picture_folder import first_picture
from bench.prompts.rules import ImageRule

if TYPE_CHECKING:
    from metrics.video.eye_finder import EyeFinder

FIRST = "frame at t = 0"
NO_OPEN_EYES = "no frame shows a face with open eyes"

_OPEN = 0.2
"""Height over width from which eyes count as open; `EyeFinder` finds 0.25 to 0.45, and below 0.15 in a blink."""


def find_image(sample: Sample, decoding: Decoding, rule: ImageRule = "first") -> tuple[NDArray[np.uint8], str]:
    """The driving image of a sample, uint8 [H, W, 3] at its own size, and where it was taken from.

    With "open-eyes" the frames of the part that is read are looked at one after another, at the protocol's rate.

    Raises:
        UnreadableClip: the clip cannot be decoded.
        WeightsError: the networks that find eyes cannot be had.
    """
    missing = ""
    if rule == "open-eyes":
        index, eyes = 0, _eyes()
        for chunk in ClipFile(sample.clip, None, sample.rate).frames(decoding):
            for picture in chunk:
                found = eyes.find(picture)
                if found and found.opening >= _OPEN:
                    seconds = index / decoding.fps if decoding.fps else 0.0
                    return np.ascontiguousarray(picture), f"frame {index}, at {seconds:.2f} s, the first with open eyes"
                index += 1
        missing = f" ({NO_OPEN_EYES})"
    return (first_frame if sample.rate is None else first_picture)(sample.clip), f"{FIRST}{missing}"


@functools.cache
def _eyes() -> EyeFinder:
    """Built once in each process."""
    from metrics.video.eye_finder import EyeFinder

    return EyeFinder()
