"""Decoding a soundtrack: mono, aligned with the pictures, resampled once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from bench.media.container import UnreadableClip, audio_stream, opened, require_whole, time_zero
from bench.media.timing import as_fraction

_GAP_SECONDS = 0.1
"""Holes longer than this in the time stamps become silence; shorter ones are the rounding of coarse clocks."""


def native_waveform(path: Path, max_seconds: float) -> tuple[NDArray[np.float32], int]:
    """The soundtrack from the first video frame on, at its own sample rate.

    Args:
        path: a clip or an audio file.
        max_seconds: no more than this is decoded; may be infinite.

    Returns:
        float32 [S] mono in -1..1, the mean of the channels, and its sample rate in Hz. Sample 0 belongs to the time of
        the first video frame: sound before it is cut, a late start is filled with silence.

    Raises:
        UnreadableClip: no audio stream, no samples, damage, or a sample rate that changes on the way.
    """
    pieces: list[NDArray[np.float32]] = []
    rate = 0
    limit = math.inf
    end = 0  # in samples after time zero
    with opened(path) as container:
        stream = audio_stream(container, path)
        zero = time_zero(container)
        for frame in _decoded(container, stream, path):
            if not rate:
                rate = frame.sample_rate
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
                pieces.append(np.zeros(int(min(lead, limit - end)), dtype=np.float32))
                end += len(pieces[-1])
            pieces.append(piece)
            end += len(piece)
    if not end:
        raise UnreadableClip(path, "its audio stream holds no samples")
    waveform = np.concatenate(pieces)
    return waveform[: int(min(limit, len(waveform)))], rate


def resampled(waveform: NDArray[np.float32], rate: int, target: int) -> NDArray[np.float32]:
    """The waveform at `target` Hz, by soxr's VHQ filter (28-bit, linear phase); unchanged where the rates agree."""
    if rate == target:
        return waveform
    return np.asarray(soxr.resample(waveform, rate, target, quality="VHQ"), dtype=np.float32)


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
    return not len(waveform) or float(np.abs(waveform).max()) < 1e-3


def _mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = samples.astype(np.float32) / 128 - 1
    elif samples.dtype.kind == "i":
        samples = samples / np.float64(2 ** (8 * samples.dtype.itemsize - 1))
    return np.asarray(samples.mean(axis=0), dtype=np.float32)
