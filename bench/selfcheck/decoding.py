"""Stages `inputs` and `decode`: from a file to frames and samples."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.media.audio import native_waveform
from bench.media.clip import Decoding, frames
from bench.media.container import opened, video_stream
from bench.media.timing import Shown, at_rate
from bench.media.video import decoded
from bench.selfcheck import inputs
from bench.selfcheck.check import CODEC, COLOUR, EXACT, Check, looks_at

_CLIP = inputs.REFERENCE[0]


def _planes(device: str) -> NDArray[np.uint8]:
    """Luma and chroma as the decoder gives them, before any colour is computed."""
    with opened(_CLIP) as container:
        shown = decoded(container, video_stream(container, _CLIP), _CLIP)
        return np.stack([item.frame.to_ndarray() for item in shown])


def _colours(device: str) -> NDArray[np.uint8]:
    return np.concatenate([chunk.copy() for chunk in frames(_CLIP, Decoding(fps=None))])


def _frames_at(rate: float, source: Fraction, device: str) -> NDArray[np.int_]:
    """Which frame of a clip stands at each time of another rate."""
    shown = [Shown(number, number / source, 1 / source) for number in range(48)]
    return np.array([frame for frame, count in at_rate(shown, rate, 10.0) for _ in range(count)])


_RATES = ((25.0, Fraction(30000, 1001)), (25.0, Fraction(24)), (29.97, Fraction(25)))

CHECKS = (
    Check("inputs", "pictures", EXACT, lambda _: inputs.pictures(1, 20, 64, 96), looks_at("video")),
    Check("inputs", "speech", EXACT, lambda _: inputs.speech(1, 16000, 1.3), looks_at("audio")),
    Check("inputs", "vectors", EXACT, lambda _: inputs.vectors(1, 50, 40), lambda _: True),
    Check("decode", "H.264 planes", EXACT, _planes, looks_at("video")),
    Check("decode", "colours", COLOUR, _colours, looks_at("video")),
    *(
        Check("decode", f"frames of {float(source):.5g} at {rate:g} fps", EXACT, partial(_frames_at, rate, source),
              looks_at("video"))
        for rate, source in _RATES
    ),
    Check("decode", "two channels", EXACT, lambda _: native_waveform(inputs.STEREO, 10.0)[0], looks_at("audio")),
    Check("decode", "AAC", CODEC, lambda _: native_waveform(_CLIP, 10.0)[0], looks_at("audio")),
)  # fmt: skip
