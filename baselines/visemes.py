"""The shape of the mouth for each phone, and how it moves from one to the next.

Targets per phone, blurred over time so that neighbours mix (coarticulation), with lip closures kept sharp because their
absence is what viewers notice first. Grouping after the usual viseme classes (Fisher 1968), values tuned by eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
from numpy.typing import NDArray

from baselines.speech import Phone

Float = NDArray[np.float64]

TRACK_RATE = 200
"""Samples per second of the tracks before they are read at the frames' times."""
_BLUR_S = 0.13
_CLOSURE_BLUR_S = 0.05
_SHORTEST_CLOSURE_S = 0.07
_PAUSE_S = 0.12
_STRESS = "ˈˌ"
_GAPS = frozenset(' ;:,.!?—…"()“”')

_TARGETS: dict[str, tuple[float, float]] = {
    symbol: target
    for symbols, target in {
        # symbols: (opening 0..1, width -1 pursed .. 1 spread)
        "ɑaI": (0.95, 0.1), "æ": (0.85, 0.35), "ɒɔ": (0.8, -0.4), "ʌɐW": (0.7, 0.0), "ɛ": (0.6, 0.3), "Ae": (0.5, 0.4),
        "OoQY": (0.55, -0.6), "ɜɚ": (0.4, -0.3), "əɨ": (0.35, 0.0), "ɪᵻ": (0.35, 0.3), "ᵊ": (0.25, 0.0),
        "i": (0.3, 0.65), "u": (0.25, -0.95), "ʊ": (0.3, -0.6),
        "pbm": (0.0, 0.0), "fv": (0.07, 0.1), "w": (0.12, -0.95), "ɹr": (0.22, -0.45), "θð": (0.2, 0.1),
        "tdnlTɾʔ": (0.22, 0.15), "szʦʣ": (0.12, 0.3), "ʃʒʧʤ": (0.18, -0.5), "kɡŋx": (0.3, 0.05), "h": (0.4, 0.0),
        "j": (0.22, 0.45),
    }.items()
    for symbol in symbols
}  # fmt: skip
_OTHER = (0.3, 0.0)

DRAWN_SHAPES: dict[str, tuple[float, float]] = {
    **dict.fromkeys("pbm", (0.0, 1.0)),
    **dict.fromkeys("fv", (0.08, 1.0)),
    **dict.fromkeys("θð", (0.2, 1.0)),
    **dict.fromkeys("tdnlszɾT", (0.22, 1.03)),
    **dict.fromkeys("ʃʒʧʤ", (0.22, 0.82)),
    **dict.fromkeys("kɡŋh", (0.3, 1.0)),
    **dict.fromkeys("j", (0.24, 1.08)),
    **dict.fromkeys("w", (0.15, 0.70)),
    **dict.fromkeys("ɹ", (0.28, 0.82)),
    **dict.fromkeys("i", (0.36, 1.12)),
    **dict.fromkeys("ɪᵻ", (0.42, 1.06)),
    **dict.fromkeys("ɛA", (0.58, 1.06)),
    **dict.fromkeys("æI", (0.80, 1.05)),
    **dict.fromkeys("ɑ", (0.92, 0.98)),
    **dict.fromkeys("ʌəɐᵊ", (0.52, 1.0)),
    **dict.fromkeys("ɔYO", (0.66, 0.80)),
    **dict.fromkeys("W", (0.82, 0.86)),
    **dict.fromkeys("u", (0.34, 0.72)),
    **dict.fromkeys("ʊ", (0.42, 0.80)),
    **dict.fromkeys("ɜɚ", (0.46, 0.86)),
}
"""Opening and spread of a drawn mouth; 1 is the width at rest. Marks and pauses have no shape."""

CLOSED = frozenset("pbm")
"""Phones that close the lips, whatever surrounds them."""
_TUCKED = frozenset("fv")


@dataclass(frozen=True, eq=False)
class MouthTrack:
    """The mouth at each frame, float64 [T] each.

    Attributes:
        opening: 0 closed .. 1 wide open.
        width: -1 pursed .. 1 spread.
        press: 0 .. 1, lips pressed together.
        tuck: 0 .. 1, lower lip drawn to the upper teeth.
        activity: 0 in a pause .. 1 while speaking.
    """

    opening: Float
    width: Float
    press: Float
    tuck: Float
    activity: Float


def mouth_track(phones: Sequence[Phone], loudness: Float, times: Float) -> MouthTrack:
    """The mouth at the given times.

    Args:
        phones: what is said when.
        loudness: float64 [200 * seconds], 0 silent .. 1 loud, 200 values a second: louder speech opens wider.
        times: float64 [T] in seconds.
    """
    samples = len(loudness)
    opening, width, press, tuck, activity = np.zeros((5, samples))
    for symbol, start, end in _articulated(phones):
        here = slice(round(start * TRACK_RATE), max(round(start * TRACK_RATE) + 1, round(end * TRACK_RATE)))
        opening[here], width[here] = _TARGETS.get(symbol, _OTHER)
        activity[here] = 1.0
        if symbol in CLOSED:
            middle, reach = (start + end) / 2, max(end - start, _SHORTEST_CLOSURE_S) / 2
            press[max(0, round((middle - reach) * TRACK_RATE)) : round((middle + reach) * TRACK_RATE)] = 1.0
        elif symbol in _TUCKED:
            tuck[here] = 1.0
    press = _blur(press, _CLOSURE_BLUR_S)
    opening = _blur(opening, _BLUR_S) * (0.55 + 0.65 * loudness) * (1 - press)

    def read(track: Float) -> Float:
        return np.interp(times, (np.arange(samples) + 0.5) / TRACK_RATE, track)

    return MouthTrack(
        np.clip(read(opening), 0, 1),
        read(_blur(width, _BLUR_S)),
        read(press),
        read(_blur(tuck, _BLUR_S / 2)),
        read(_blur(activity, 2 * _BLUR_S)),
    )


def loudness_track(waveform: NDArray[np.float32], rate: int) -> Float:
    """Loudness of speech, 200 values a second, 0 (35 dB below the loud parts) .. 1 (5 dB below)."""
    count = max(1, round(len(waveform) / rate * TRACK_RATE))
    edges = np.linspace(0, len(waveform), count + 1).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    power = _blur((sums[edges[1:]] - sums[edges[:-1]]) / np.maximum(1, np.diff(edges)), 0.05)
    level = 10 * np.log10(np.maximum(power, 1e-10) / max(float(np.percentile(power, 95)), 1e-10))
    return cast(Float, np.clip((level + 35) / 30, 0, 1))


def stressed(phones: Sequence[Phone]) -> list[tuple[float, float]]:
    """Start and end in seconds of the vowels under primary stress."""
    return [
        (phone.start, after.end)
        for phone, after in pairwise(phones)
        if phone.symbol == "ˈ" and after.symbol not in _GAPS
    ]


def _articulated(phones: Sequence[Phone]) -> list[tuple[str, float, float]]:
    """Phones that shape the mouth: stress marks join the vowel behind them, short gaps the phone before them."""
    shapes: list[tuple[str, float, float]] = []
    pending: float | None = None
    for phone in phones:
        if phone.symbol in _STRESS:
            pending = phone.start if pending is None else pending
        elif phone.symbol in _GAPS or phone.symbol == "ː":
            if shapes and (phone.end - shapes[-1][2] < _PAUSE_S or phone.symbol == "ː"):
                symbol, start, _ = shapes[-1]
                shapes[-1] = (symbol, start, phone.end)
            pending = None
        else:
            shapes.append((phone.symbol, phone.start if pending is None else pending, phone.end))
            pending = None
    return shapes


def _blur(track: Float, seconds: float) -> Float:
    """Weighted mean over a Hann window of that length; the ends are held."""
    reach = max(1, round(seconds * TRACK_RATE / 2))
    window = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(track, reach, mode="edge"), window / window.sum(), mode="valid")
