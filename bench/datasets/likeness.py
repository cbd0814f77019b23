"""What a clip shows and sounds like, in a few bytes: equal for equal content, near for a copy in another encoding."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from bench.datasets.dataset import Sample
from bench.media.audio import is_silent
from bench.media.clip import Decoding, UnreadableClip, waveform
from bench.media.clip_file import ClipFile

_SIDE, _KEPT = 32, 8
"""Pixels of the reduced picture, and of the lowest frequencies of it that are kept."""
_EVERY = 25
"""Of the frames at 25 per second, one in so many is looked at."""
_STEP = 640
"""Samples of 16 kHz sound for one value of the envelope: 25 a second, as there are frames."""
_LEAST = 50
"""Values of two envelopes that must lie side by side before they are compared: two seconds."""


@dataclass(frozen=True)
class Likeness:
    """One clip.

    Attributes:
        key: of the sample.
        content: hash of its decoded frames and samples.
        picture: perceptual hash of 64 bits.
        envelope: float32 [T], logarithm of the loudness 25 times a second; empty for silence or no sound.
    """

    key: str
    content: str
    picture: int
    envelope: NDArray[np.float32]


def likeness(sample: Sample, max_seconds: float) -> Likeness:
    """Decode a sample's first seconds.

    The picture's hash is the usual one of the discrete cosine transform (Zauner 2010): the signs of the 8x8 lowest
    frequencies against their median, of the mean of a frame each second at 32x32, grey. Of a talking head it tells
    scene and person, not what is said; that the envelope tells.

    Raises:
        UnreadableClip: the pictures cannot be decoded, or the sound is damaged.
    """
    decoding = Decoding(25.0, 16000, max_seconds)
    digest, total, index, looked_at = hashlib.sha256(), np.zeros((_SIDE, _SIDE)), 0, 0
    for chunk in ClipFile(sample.clip, None, sample.rate).frames(decoding):
        digest.update(chunk.tobytes())
        for picture in chunk[-index % _EVERY :: _EVERY]:
            total += _reduced(picture)
            looked_at += 1
        index += len(chunk)
    try:
        sound = waveform(sample.soundtrack, decoding)
    except UnreadableClip as error:
        if "no audio stream" not in error.reason:
            raise
        sound = np.zeros(0, np.float32)
    digest.update(np.ascontiguousarray(sound).tobytes())
    return Likeness(sample.key, digest.hexdigest()[:32], _hash(total / max(looked_at, 1)), _envelope(sound))


def differing_bits(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits in which hashes [N] and [M] differ: uint8 [N, M]."""
    different = (one[:, None] ^ other[None]).view(np.uint8).reshape(len(one), len(other), 8)
    return np.asarray(_BITS[different].sum(axis=2, dtype=np.uint8))


def sound_alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float | None:
    """The highest correlation of two envelopes at any lag with two seconds side by side; None where there are none."""
    if min(len(one), len(other)) < _LEAST:
        return None
    best = -1.0
    for lag in range(_LEAST - len(other), len(one) - _LEAST + 1):
        a, b = one[max(lag, 0) :], other[max(-lag, 0) :]
        length = min(len(a), len(b))
        a, b = a[:length] - a[:length].mean(), b[:length] - b[:length].mean()
        scale = float(np.linalg.norm(a) * np.linalg.norm(b))
        best = max(best, float(a @ b) / scale if scale else -1.0)
    return best


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Grey, by the mean over areas: float64 [32, 32]."""
    import cv2

    grey = picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float64)


def _hash(picture: NDArray[np.float64]) -> int:
    low = dctn(picture, norm="ortho")[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])  # the first is the brightness
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _envelope(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    if is_silent(sound):
        return np.zeros(0, np.float32)
    whole = sound[: len(sound) // _STEP * _STEP].reshape(-1, _STEP)
    loudness = np.sqrt(np.mean(np.square(whole, dtype=np.float64), axis=1))
    return np.asarray(np.log(np.maximum(loudness, 1e-4)), np.float32)


_BITS = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)
