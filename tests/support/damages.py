"""Damages that metrics exist to notice, each in five strengths of a physical unit.

Every damage is a pure function: its random numbers are seeded by the clip, so that they differ between clips and are
the same for all strengths.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from bench.stress import images
from bench.stress.voices import clipped

Frames = NDArray[np.uint8]
Waveform = NDArray[np.float32]

RATE = 16000
"""Sample rate of all waveforms, Hz."""


@dataclass(frozen=True)
class Damage:
    """One way to spoil a clip.

    Attributes:
        name: for people.
        scale: what a strength counts, and in which unit.
        strengths: five, from slight to severe.
        apply: uint8 frames [T, H, W, 3] or a float32 waveform [S], and a strength, to the same damaged.
    """

    name: str
    scale: str
    strengths: tuple[float, float, float, float, float]
    apply: Callable[[NDArray[Any], float], NDArray[Any]]


def blurred(frames: Frames, sigma: float) -> Frames:
    return np.stack([images.blurred(frame, sigma) for frame in frames])


def grainy(frames: Frames, deviation: float) -> Frames:
    """White noise on every colour of every pixel."""
    noise = _generator(frames).standard_normal(frames.shape, dtype=np.float32)
    spoilt = np.clip(frames + noise * np.float32(deviation), 0, 255)
    return np.asarray(np.rint(spoilt), dtype=np.uint8)


def frozen(frames: Frames, percent: float) -> Frames:
    """This part of the frames, but never the first, repeats what was shown before."""
    count = round((len(frames) - 1) * percent / 100)
    shown = np.arange(len(frames))
    shown[1 + _generator(frames).permutation(len(frames) - 1)[:count]] = 0
    return frames[np.maximum.accumulate(shown)]


def jittered(frames: Frames, reach: float) -> Frames:
    """Every frame moved as a whole, by up to `reach` pixels down or up and across; its edge fills the gap."""
    height, width = frames.shape[1:3]
    moved = []
    for frame, (down, across) in zip(frames, _generator(frames).uniform(-reach, reach, (len(frames), 2)), strict=True):
        rows = np.clip(np.arange(height) - round(down), 0, height - 1)
        columns = np.clip(np.arange(width) - round(across), 0, width - 1)
        moved.append(frame[rows[:, None], columns])
    return np.stack(moved)


def shuffled(frames: Frames, window: float) -> Frames:
    """Frames change places within consecutive windows of so many."""
    generator = _generator(frames)
    order = [generator.permutation(part) for part in _parts(np.arange(len(frames)), int(window))]
    mixed: Frames = frames[np.concatenate(order)]
    return mixed


def noisy(waveform: Waveform, ratio: float) -> Waveform:
    """White noise, `ratio` dB below the sound."""
    noise = _generator(waveform).standard_normal(len(waveform), dtype=np.float32)
    return waveform + noise * _level(waveform) * np.float32(10 ** (-ratio / 20))


def higher(waveform: Waveform, semitones: float) -> Waveform:
    """Pitch and formants raised, timing kept."""
    ratio = 2 ** (semitones / 12)
    raised = soxr.resample(_stretched(waveform, ratio), RATE * ratio, RATE)
    return np.array(raised[: len(waveform)], dtype=np.float32)


def faster(waveform: Waveform, percent: float) -> Waveform:
    """Played faster: shorter, pitch and formants raised."""
    return np.array(soxr.resample(waveform, RATE * (1 + percent / 100), RATE), dtype=np.float32)


def reversed_in_parts(waveform: Waveform, milliseconds: float) -> Waveform:
    """Each stretch of so many milliseconds played backwards."""
    return np.concatenate([part[::-1] for part in _parts(waveform, round(milliseconds / 1000 * RATE))])


BLUR = Damage("blur", "Gaussian, sigma in pixels", (0.5, 1, 2, 4, 8), blurred)
GRAIN = Damage("noise", "white, deviation in grey levels", (4, 8, 16, 32, 64), grainy)
FREEZE = Damage("frozen frames", "% of the frames repeat the last", (10, 25, 45, 70, 95), frozen)
JITTER = Damage("jitter", "whole frames, by up to so many pixels", (1, 2, 4, 8, 16), jittered)
SHUFFLE = Damage("frame shuffling", "in windows of so many frames", (2, 3, 5, 8, 16), shuffled)
VIDEO = (BLUR, GRAIN, FREEZE, JITTER, SHUFFLE)

NOISE = Damage("added noise", "white, signal-to-noise in dB", (40, 30, 20, 10, 0), noisy)
CLIPPING = Damage("clipping", "limit in dB above root mean square", (10, 6, 0, -8, -20), clipped)
PITCH = Damage("pitch shift", "semitones up, duration kept", (0.5, 1, 2, 4, 6), higher)
FASTER = Damage("faster speech", "% faster, pitch raised with it", (5, 10, 20, 35, 60), faster)
REVERSAL = Damage("reversed speech", "in stretches of so many milliseconds", (20, 40, 80, 160, 320), reversed_in_parts)
AUDIO = (NOISE, CLIPPING, PITCH, FASTER, REVERSAL)


def _generator(clip: NDArray[Any]) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(np.ascontiguousarray(clip).tobytes()))


def _level(waveform: Waveform) -> np.float32:
    return np.float32(np.sqrt(np.mean(waveform**2)))


def _stretched(waveform: Waveform, ratio: float) -> Waveform:
    """Longer by `ratio` at the same pitch, by WSOLA (Verhelst and Roelands 1993).

    Of the windows around the place whose turn it is, the one that best continues the window before is overlap-added.
    """
    hop, reach = 256, 128
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    count = math.ceil(len(waveform) * ratio / hop) + 1
    padded = np.pad(waveform, (hop + reach, 4 * hop + reach))
    slow = np.zeros((count + 1) * hop, np.float32)
    place = reach - hop
    for frame in range(count):
        first = round(frame * hop / ratio)
        candidates = np.lib.stride_tricks.sliding_window_view(padded[first : first + 2 * (hop + reach)], 2 * hop)
        continuation = padded[place + hop : place + 3 * hop]
        place = first + int(np.square(candidates - continuation).sum(axis=1).argmin())
        slow[frame * hop : (frame + 2) * hop] += window * padded[place : place + 2 * hop]
    return slow[hop:]


def _parts(sequence: NDArray[Any], length: int) -> list[NDArray[Any]]:
    return [sequence[start : start + length] for start in range(0, len(sequence), length)]
