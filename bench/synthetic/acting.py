"""How a head moves while it speaks: lips from the sounds, the rest from smooth chance and stress."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from baselines.speech import Phone
from baselines.visemes import CLOSED, DRAWN_SHAPES
from bench.synthetic.flavours import FPS
from bench.synthetic.pose import Curve, Performance
from bench.synthetic.speech import Spoken

CONTROL_RATE = 200
"""Rate of the curves before they are sampled at the frames, Hz."""

ANTICIPATION = 0.015
"""Lips take the shape of a phone this long before it sounds, s."""


def act(spoken: Spoken, liveliness: float, seed: int) -> Performance:
    """The performance for one soundtrack; frame i shows the middle of its interval, (i + 0.5) / 25 s.

    Lips: each phone has a shape; the shapes are smoothed as coarticulation does and scaled by the loudness of the
    moment, and p, b and m close the lips whatever surrounds them. Brows and nods follow the stress. Blinks come every
    few seconds, never in the first half second, so that the first frame shows open eyes and closed lips.
    """
    rng = np.random.default_rng([seed, 0xAC])
    frames = spoken.frames
    seconds = (np.arange(frames) + 0.5) / FPS
    loudness = _loudness(spoken)
    opening, spread = _lips(spoken, loudness)
    stress = _sampled(_smoothed(loudness, 0.12), seconds)
    drift = [_drift(rng, seconds) * liveliness for _ in range(5)]
    nod = stress - _sampled(_smoothed(loudness, 0.5), seconds)
    yaw = 0.11 * drift[0]
    pitch = 0.05 * drift[1] + 0.05 * liveliness * nod + 0.01
    gaze_x, gaze_y = _gaze(rng, seconds)
    return Performance(
        yaw=_curve(yaw),
        pitch=_curve(pitch),
        roll=_curve(0.045 * drift[2]),
        shift_x=_curve(0.05 * drift[3]),
        shift_y=_curve(0.03 * drift[4]),
        opening=_curve(_sampled(opening, seconds)),
        spread=_curve(_sampled(spread, seconds)),
        lids=_curve(_blinks(rng, seconds) - 0.06 * drift[1]),
        brows=_curve(np.clip(0.9 * nod + 0.25 * drift[2], -0.3, 1)),
        gaze_x=_curve(gaze_x - 0.25 * yaw),
        gaze_y=_curve(gaze_y - 0.25 * pitch),
    )


def _curve(values: NDArray[np.float64]) -> Curve:
    return values.astype(np.float32)


def _loudness(spoken: Spoken) -> NDArray[np.float64]:
    """Root mean square around every control point, 0 in silence to about 1 on stressed vowels, float64 [N]."""
    step = spoken.sample_rate / CONTROL_RATE
    count = round(len(spoken.waveform) / step)
    energy = np.concatenate([[0.0], np.cumsum(np.square(spoken.waveform, dtype=np.float64))])
    edges = np.rint(np.arange(count + 1) * step).astype(int)
    power = np.diff(energy[edges]) / np.diff(edges)
    rms = np.sqrt(_smoothed(power, 0.012))
    return np.clip((rms - 0.002) / max(float(np.percentile(rms, 95)), 1e-6), 0, 1.2)


def _lips(spoken: Spoken, loudness: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Opening and spread at the control rate."""
    count = len(loudness)
    opening, spread, closed = np.zeros(count), np.ones(count), np.zeros(count)
    for phone in spoken.phones:
        if phone.symbol in DRAWN_SHAPES:
            span = _span(phone, count)
            opening[span], spread[span] = DRAWN_SHAPES[phone.symbol]
            closed[span] = float(phone.symbol in CLOSED)
    voice = np.clip(_smoothed(loudness, 0.02), 0, 1) ** 0.8
    seal = np.clip(1.5 * _smoothed(closed, 0.018), 0, 1)
    shape = np.clip(2.0 * _smoothed(opening, 0.03) * voice, 0, 1)
    return shape * (1 - seal), _smoothed(spread, 0.045)


def _span(phone: Phone, count: int) -> slice:
    start, end = ((time - ANTICIPATION) * CONTROL_RATE for time in (phone.start, phone.end))
    return slice(max(0, round(start)), min(count, round(end)))


def _smoothed(curve: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian smoothing with `sigma` in seconds."""
    blurred = cv2.GaussianBlur(curve[None], (0, 0), sigma * CONTROL_RATE, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred[0], np.float64)


def _sampled(curve: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    centres = (np.arange(len(curve)) + 0.5) / CONTROL_RATE
    return np.interp(seconds, centres, curve)


def _drift(rng: np.random.Generator, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slow wandering within about -1..1: three sines between 0.1 and 0.9 Hz."""
    frequencies = rng.uniform((0.1, 0.25, 0.5), (0.25, 0.5, 0.9))
    phases = rng.uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * frequencies[:, None] * seconds + phases[:, None])
    return np.asarray(np.array([0.6, 0.35, 0.15]) @ waves)


def _blinks(rng: np.random.Generator, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the lids are open: quick to close (80 ms), slower to open (160 ms)."""
    lids = np.ones_like(seconds)
    blink = rng.uniform(0.6, 2.2)
    while blink < seconds[-1]:
        closing = np.clip(1 + (seconds - blink) / 0.08, 0, 1)
        reopening = np.clip(1 - (seconds - blink) / 0.16, 0, 1)
        lids -= 0.97 * np.where(seconds < blink, closing, reopening)
        blink += rng.uniform(1.4, 4.0)
    return np.clip(lids, 0.03, 1)


def _gaze(rng: np.random.Generator, seconds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Small jumps around the lens, each held for 0.4 to 1.4 s."""
    x, y = np.zeros_like(seconds), np.zeros_like(seconds)
    start = rng.uniform(0.4, 1.0)
    while start < seconds[-1]:
        x[seconds >= start], y[seconds >= start] = rng.normal(0, 0.018), rng.normal(0, 0.008)
        start += rng.uniform(0.4, 1.4)
    return x, y
