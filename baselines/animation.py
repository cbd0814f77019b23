"""From speech to the motion of a face: mouth, eyelids, brows and head, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from baselines.speech import Phone
from baselines.visemes import TRACK_RATE, MouthTrack, loudness_track, mouth_track, stressed

Float = NDArray[np.float64]

_BLINK_S = (0.08, 0.04, 0.16)
"""Seconds in which the lids close, stay closed and open (Caffier et al. 2003 find about 0.2 to 0.3 s in all)."""
_SWAY_S = 0.55
_SWAY = {"yaw": 3.2, "pitch": 2.0, "roll": 1.8}
"""Standard deviation in degrees of the slow sway of a head that speaks."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A face over T frames; float64 [T] each.

    Attributes:
        mouth: see `MouthTrack`.
        blink: 0 eyes as they are in the image .. 1 closed.
        brow: 0 .. 1 raised.
        yaw, pitch, roll: degrees from the pose of the image; to the image's right, down, clockwise.
    """

    mouth: MouthTrack
    blink: Float
    brow: Float
    yaw: Float
    pitch: Float
    roll: Float

    def __len__(self) -> int:
        return len(self.blink)


def animate(waveform: NDArray[np.float32], rate: int, phones: Sequence[Phone], fps: float, seed: int) -> Motion:
    """The motion that goes with speech, one value per frame; the frames last at least as long as the waveform."""
    rng = np.random.default_rng([seed % 2**64, 0xFACE])
    times: Float = (np.arange(math.ceil(len(waveform) / rate * fps), dtype=np.float64) + 0.5) / fps
    loudness = loudness_track(waveform, rate)
    mouth = mouth_track(phones, loudness, times)
    nod, brow = _accents(times, stressed(phones), loudness, rng)
    liveliness = 0.45 + 0.55 * mouth.activity
    yaw, pitch, roll = (degrees * liveliness * _sway(len(times), fps, rng) for degrees in _SWAY.values())
    return Motion(mouth, _blinks(times, rng), brow, yaw, pitch + nod, roll)


def _sway(frames: int, fps: float, rng: np.random.Generator) -> Float:
    """Smooth noise, standard deviation 1, held below 2."""
    reach = math.ceil(3 * _SWAY_S * fps)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_SWAY_S * fps)) ** 2)
    noise = np.convolve(rng.standard_normal(frames + 2 * reach), window / np.linalg.norm(window), mode="valid")
    return cast(Float, 2 * np.tanh(noise / 2))


def _accents(
    times: Float, vowels: list[tuple[float, float]], loudness: Float, rng: np.random.Generator
) -> tuple[Float, Float]:
    """Nods in degrees and raised brows, timed on the loudest stressed vowels."""
    nod, brow = np.zeros((2, len(times)))
    clock = (np.arange(len(loudness)) + 0.5) / TRACK_RATE
    last = -1.0
    for start, end in vowels:
        middle = (start + end) / 2
        prominence = float(np.interp(middle, clock, loudness)) * min(1.0, (end - start) / 0.12)
        if middle - last < 0.45 or prominence < 0.5:
            continue
        last = middle
        nod += rng.uniform(0.8, 2.2) * prominence * _bump(times, middle, 0.5)
        if rng.random() < 0.4:
            brow += rng.uniform(0.5, 1.0) * _bump(times, middle - 0.05, 0.7)
    return nod, np.clip(brow, 0, 1)


def _bump(times: Float, centre: float, length: float) -> Float:
    """A raised cosine of height 1."""
    phase = np.clip((times - centre) / length, -0.5, 0.5)
    return 0.5 + 0.5 * np.cos(2 * np.pi * phase)


def _blinks(times: Float, rng: np.random.Generator) -> Float:
    """Blinks every 1.5 to 5 s."""
    blink = np.zeros(len(times))
    closing, closed, opening = _BLINK_S
    start = rng.uniform(0.6, 2.5)
    while len(times) and start < times[-1]:
        since = times - start
        down = np.clip(since / closing, 0, 1)
        up = np.clip((closing + closed + opening - since) / opening, 0, 1)
        blink = np.maximum(blink, np.minimum(down, up) ** 0.8)
        start += rng.uniform(1.5, 5.0)
    return blink
