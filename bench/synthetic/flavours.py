"""The four flavours of the corpus, each in the format and framing of a dataset of talking faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FPS = 25


@dataclass(frozen=True)
class Flavour:
    """Format and framing of one flavour.

    Attributes:
        size: width and height of the frames in pixels.
        sample_rate: of the soundtrack, Hz.
        zoom: pixels per face unit, divided by `size`; a face is two units wide.
        eyes_at: height of the eyes, divided by `size`.
        liveliness: factor on all head motion.
        backdrop: what is behind the speaker.
        contrast: how far the light varies from speaker to speaker, 0 to 1.
    """

    name: str
    size: int
    sample_rate: int
    zoom: float
    eyes_at: float
    liveliness: float
    backdrop: Literal["plain", "soft", "room", "studio"]
    contrast: float


FLAVOURS: dict[str, Flavour] = {
    flavour.name: flavour
    for flavour in (
        Flavour("voxceleb", 224, 16000, 0.285, 0.44, 1.0, "soft", 0.6),
        Flavour("fakeavceleb", 224, 16000, 0.245, 0.46, 0.7, "plain", 0.2),
        Flavour("celebvhq", 384, 44100, 0.195, 0.43, 1.2, "room", 1.0),
        Flavour("hdtf", 512, 44100, 0.2, 0.42, 0.5, "studio", 0.3),
    )
}
