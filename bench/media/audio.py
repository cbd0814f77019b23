"""Decoding a soundtrack: mono, aligned with the pictures, resampled once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from bench.media.container import UnreadableClip, audio_stream, opened, require_whole, time_zero
from bench.media.probe import frame_times
from bench.media.timing import LONGEST_GAP, as_fraction

_GAP_SECONDS = 0.1
"""Holes longer than this in the time stamps become silence; shorter ones are the rounding of coarse clocks."""

_RATES = (1000, 768_000)
"""Sample rates in Hz that are plausible; a few samples at 1 Hz would last, and take memory, for hours."""

_LOUDEST = 8.0
"""Times full scale; lossy decoders overshoot a little, 16-bit integers kept as floats by four orders of magnitude."""


def native_waveform(path: Path, max_seconds: float) -> tuple[NDArray[np.float32], int]:
    """The soundtrack from the first video frame on, at its own sample rate.

    Args:
        path: a clip or an audio file.
        max_seconds: no more than this is decoded; may be infinite.

    Returns:
        float32 [S] mono in -1..1, the mean of the channels, and its sample rate in Hz. Sample 0 belongs to the time of
        the first video frame: sound before it is cut. A late start and gaps are filled with silence, for as long as
        there are pictures, or for up to `LONGEST_GAP` seconds; a longer gap is damage.

    Raises:
        UnreadableClip: no audio stream, no samples, samples that are no sound, damage, or a sample rate that changes on
            the way.
    """
    heard = bytearray()  # grows without a second copy of it all, which an hour at 48 kHz, 0.7 GB, would ask for
    rate = 0
    limit = math.inf
    end = 0  # in samples after time zero
    with opened(path) as container:
        stream = audio_stream(container, path)
        zero = time_zero(container)
        for frame in _decoded(container, stream, path):
            if not rate:
                rate = frame.sample_rate
                if not _RATES[0] <= rate <= _RATES[1]:
                    raise UnreadableClip(path, f"its sample rate, {rate} Hz, is not from {_RATES[0]} to {_RATES[1]}")
                limit = math.inf if math.isinf(max_seconds) else round(as_fraction(max_seconds) * rate)
            elif frame.sample_rate != rate:
                raise UnreadableClip(path, f"its sample rate changes from {rate} to {frame.sample_rate} Hz")
            if end >= limit:
                break
            piece = _mono(frame)
            untimed = frame.pts is None or not frame.time_base
            lead = 0 if untimed else round((frame.pts * frame.time_base - zero) * rate) - end
            if end == 0 and lead < 0:
                piece = piece[-lead:]
            elif lead > (_GAP_SECONDS * rate if end else 0):
                gap = int(min(lead, limit - end))
                if gap > LONGEST_GAP * rate and end + gap > (_pictures_end(path) + LONGEST_GAP) * rate:
                    jump = f"from {end / rate:.2f} s to {(end + lead) / rate:.2f} s"
                    raise UnreadableClip(path, f"its sound's time stamps jump {jump}, where there are no pictures")
                heard += bytes(gap * np.dtype(np.float32).itemsize)
                end += gap
            heard += piece.tobytes()
            end += len(piece)
    if not end:
        raise UnreadableClip(path, "its audio stream holds no samples")
    waveform = np.frombuffer(heard, dtype=np.float32, count=int(min(limit, end)))
    if reason := no_sound(waveform):
        raise UnreadableClip(path, f"its soundtrack {reason}")
    return waveform, rate


def no_sound(waveform: NDArray[np.float32]) -> str | None:
    """Why samples cannot be sound on the scale of -1..1, to follow the name of what holds them; None if they can be."""
    low, high = float(waveform.min(initial=0)), float(waveform.max(initial=0))
    if not (math.isfinite(low) and math.isfinite(high)):
        return "holds samples that are not finite (NaN or infinity)"
    peak = max(-low, high)
    if peak > _LOUDEST:
        return f"reaches {peak:.4g} times full scale; if it holds 16-bit integers as floats, divide them by 32768"
    return None


def resampled(waveform: NDArray[np.float32], rate: int, target: int) -> NDArray[np.float32]:
    """The waveform at `target` Hz, by soxr's VHQ filter (28-bit, linear phase); unchanged where the rates agree."""
    if rate == target:
        return waveform
    return np.asarray(soxr.resample(waveform, rate, target, quality="VHQ"), dtype=np.float32)


def _pictures_end(path: Path) -> Fraction:
    try:
        return frame_times(path)[1]
    except UnreadableClip:  # a file of sound alone; or its pictures are damaged, and reading those says how
        return Fraction(0)


def _decoded(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[av.AudioFrame]:
    packets = 0
    for packet in container.demux(stream):
        packets += packet.size > 0
        if packet.is_corrupt:
            raise UnreadableClip(path, f"it is damaged: audio packet {packets} is incomplete")
        for frame in packet.decode():
            if isinstance(frame, av.AudioFrame):
                yield frame
    require_whole(container, stream, packets, path)


def is_silent(waveform: NDArray[np.float32]) -> bool:
    """Whether the loudest sample stays below -60 dB of full scale: such a soundtrack carries no speech."""
    return max(-float(waveform.min(initial=0)), float(waveform.max(initial=0))) < 1e-3


def _mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = samples.astype(np.float32) / 128 - 1
    elif samples.dtype.kind == "i":
        samples = samples / np.float64(2 ** (8 * samples.dtype.itemsize - 1))
    return np.asarray(samples.mean(axis=0), dtype=np.float32)
