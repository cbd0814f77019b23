"""The driving image: the face that the narrated clip begins with."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.datasets.dataset import Sample
from bench.files import obstacle
from bench.media.clip import Decoding, first_frame, frames
from bench.media.container import UnreadableClip, failures_of
from bench.prompts.rules import ImageRule
from metrics.weights import fetch

if TYPE_CHECKING:
    from narrator.face import EyeOpening

FIRST = "frame at t = 0"
NO_OPEN_EYES = "no frame shows a face with open eyes"

_OPEN = 0.2
"""Height over width from which eyes count as open; `EyeOpening` finds 0.25 to 0.45, and below 0.15 in a blink."""

_MOST_PIXELS = 8000 * 8000


def find_image(sample: Sample, decoding: Decoding, rule: ImageRule = "first") -> tuple[NDArray[np.uint8], str]:
    """The driving image of a sample, uint8 [H, W, 3] at its own size, and where it was taken from.

    The picture that the dataset keeps for the clip (`metadata["driving_image"]`) goes before every rule. With
    "open-eyes" the frames of the part that is read are looked at one after another, at the protocol's rate.

    Raises:
        UnreadableClip: the clip, or the picture that is kept for it, cannot be decoded.
        WeightsError: the networks that find eyes cannot be had.
    """
    if "driving_image" in sample.metadata:
        path = Path(sample.metadata["driving_image"])
        return _picture(path), f"{path.parent.name}/{path.name}"
    if rule == "first":
        return first_frame(sample.path), FIRST
    eyes = _eyes()
    index = 0
    for chunk in frames(sample.path, decoding):
        for picture in chunk:
            if (eyes.of(picture) or 0.0) >= _OPEN:
                seconds = index / decoding.fps if decoding.fps else 0.0
                return np.ascontiguousarray(picture), f"frame {index}, at {seconds:.2f} s, the first with open eyes"
            index += 1
    return first_frame(sample.path), f"{FIRST} ({NO_OPEN_EYES})"


def _picture(path: Path) -> NDArray[np.uint8]:
    if reason := obstacle(path):
        raise UnreadableClip(path, reason)
    with failures_of(path):
        try:
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise UnreadableClip(path, f"it has {image.width} x {image.height} pixels, more than 8000 x 8000")
                return np.array(image.convert("RGB"))
        except (UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
            raise UnreadableClip(path, "it is no JPEG or PNG picture") from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise UnreadableClip(path, f"it is damaged ({error})") from error


@functools.cache
def _eyes() -> EyeOpening:
    """Built once in each process."""
    from narrator.face import EyeOpening

    return EyeOpening({name: fetch(name) for name in EyeOpening.weights})
