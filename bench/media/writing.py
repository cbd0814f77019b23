"""Storing clips: an MP4 that people play and, beside it, the sound without loss."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from math import inf
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray
from scipy.io import wavfile

from bench.media.audio import native_waveform, resampled
from bench.media.probe import ClipInfo, probe
from bench.media.timing import as_fraction
from bench.media.video import pyav_frames

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_X264 = {"crf": "18", "preset": "veryfast"}
_X264_THREADS = 2
"""Fixed, because x264's output depends on the number of threads."""


def write_clip(
    path: Path, chunks: Iterable[NDArray[np.uint8]], fps: float, waveform: NDArray[np.float32], sample_rate: int
) -> None:
    """Write KEY.mp4 (H.264 crf 18, yuv420p, BT.601, AAC, index first) and KEY.wav (32-bit float, lossless) beside it.

    The WAV holds float samples because then what is measured is exactly what the generator returned: 16-bit integers
    would round it and clip what exceeds 1. Pictures and sound both begin at time 0 and keep their own length. An odd
    width or height gains one repeated column or row, since 4:2:0 chroma needs even sizes. Same input, same bytes. Both
    files appear under their names only when whole, the MP4 last; chunks are encoded as they come.

    Args:
        path: KEY.mp4.
        chunks: uint8 [t, H, W, 3] RGB, at least one frame in all.
        fps: frames per second.
        waveform: float32 [S] mono, nominally -1..1; with S = 0 the clip has no soundtrack and no WAV is written.
        sample_rate: in Hz.

    Raises:
        ValueError: no frames, wrong shape or type, sizes that change, or samples that are not finite.
    """
    _check_sound(waveform, sample_rate)
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(waveform):
        write_wav(path.with_suffix(".wav"), waveform, sample_rate)
    with _replacing(path) as temporary:
        _write_mp4(temporary, _checked(chunks), fps, waveform, sample_rate)


def write_wav(path: Path, waveform: NDArray[np.float32], sample_rate: int) -> None:
    """Write a mono 32-bit float WAV; it appears under its name only when whole."""
    with _replacing(path) as temporary:
        wavfile.write(temporary, sample_rate, np.ascontiguousarray(waveform, dtype=np.float32))


@dataclass(frozen=True)
class StoredClip:
    """A finished clip in the store.

    Attributes:
        measured: an exact copy of the file, under its own suffix.
        audio: its sound, where that is not the file's own.
        played: what a browser can show: the same file, or a transcoded KEY.view.mp4.
    """

    measured: Path
    audio: Path | None
    played: Path


def store_finished(source: Path, path: Path, audio: Path | None = None) -> StoredClip:
    """Put a clip that already stands in a file into the store as KEY.*, so that it measures exactly like the original.

    The file is copied byte for byte, and KEY.wav holds its soundtrack (or `audio`, or that of a WAV beside the source)
    as mono float samples at its own rate, which decode to the same waveform. A clip without a soundtrack gets no WAV.
    Only where browsers cannot play the file (not H.264 in MP4) is a KEY.view.mp4 made, for people alone.

    Args:
        source: the finished clip.
        path: KEY.mp4 in the store; the copy takes the suffix of the source instead.
        audio: its sound, where that lies in a file of its own.

    Raises:
        UnreadableClip: the source cannot be decoded.
    """
    info = probe(source)
    sidecar = source.with_suffix(".wav")
    apart = audio or (sidecar if sidecar.is_file() else None)
    path.parent.mkdir(parents=True, exist_ok=True)
    sound: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
    rate = 16000
    if apart or info.audio_codec:
        sound, rate = native_waveform(apart or source, inf)
        write_wav(path.with_suffix(".wav"), sound, rate)
    measured = path.with_suffix(source.suffix.lower())
    played = measured
    if not _plays_in_browsers(info):
        played = path.with_suffix(".view.mp4")
        with _replacing(played) as temporary:
            _write_mp4(temporary, pyav_frames(source, info.fps, inf), info.fps, sound, rate)
    with _replacing(measured) as temporary:
        shutil.copyfile(source, temporary)
    return StoredClip(measured, path.with_suffix(".wav") if apart else None, played)


def _plays_in_browsers(info: ClipInfo) -> bool:
    return info.video_codec == "h264" and "mp4" in info.container


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name in the same folder that takes the final name once the block has ended without an error."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_sound(waveform: NDArray[np.float32], sample_rate: int) -> None:
    if waveform.ndim != 1 or waveform.dtype != np.float32:
        raise ValueError(f"The waveform is {waveform.dtype} {list(waveform.shape)}; it must be float32 [S], mono.")
    if not np.isfinite(waveform).all():
        raise ValueError("The waveform holds samples that are not finite.")
    if sample_rate <= 0:
        raise ValueError(f"The sample rate is {sample_rate} Hz; it must be greater than 0.")


def _checked(chunks: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    size: tuple[int, ...] | None = None
    for chunk in chunks:
        if chunk.ndim != 4 or chunk.shape[3] != 3 or chunk.dtype != np.uint8 or 0 in chunk.shape[1:]:
            raise ValueError(f"The frames are {chunk.dtype} {list(chunk.shape)}; they must be uint8 [t, H, W, 3].")
        if size not in (None, chunk.shape[1:]):
            raise ValueError(f"The frames change size from {size} to {chunk.shape[1:]}.")
        size = chunk.shape[1:]
        if len(chunk):
            yield chunk


def _write_mp4(
    path: Path, chunks: Iterator[NDArray[np.uint8]], fps: float, waveform: NDArray[np.float32], sample_rate: int
) -> None:
    first = next(chunks, None)
    if first is None:
        raise ValueError("The clip has no frames.")
    rate = as_fraction(fps)
    height, width = (side + side % 2 for side in first.shape[1:3])
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(f"file:{path}", "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=rate, options=_X264)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = 1 / rate
        video.codec_context.thread_count = _X264_THREADS
        video.codec_context.flags |= av.codec.context.Flags.bitexact
        video.codec_context.colorspace = av.video.reformatter.Colorspace.SMPTE170M
        sound = _SoundTrack(container, waveform, sample_rate) if len(waveform) else None
        index = 0
        for chunk in chain([first], chunks):
            for picture in chunk:
                frame = av.VideoFrame.from_ndarray(_even(picture), format="rgb24")
                frame.pts, frame.time_base = index, 1 / rate
                container.mux(video.encode(frame))
                index += 1
            if sound:
                sound.write_until(index / float(rate))
        container.mux(video.encode(None))
        if sound:
            sound.write_until(inf)
            sound.close()


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(picture)


class _SoundTrack:
    """The AAC track, encoded in step with the pictures so that the muxer need not hold them back."""

    def __init__(self, container: OutputContainer, waveform: NDArray[np.float32], sample_rate: int) -> None:
        self._rate = sample_rate if sample_rate in _AAC_RATES else 48000
        self._waveform = resampled(waveform, sample_rate, self._rate)
        self._container = container
        self._stream: AudioStream = container.add_stream("aac", rate=self._rate, layout="mono")
        self._stream.codec_context.bit_rate = 128_000
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact
        self._written = 0

    def write_until(self, seconds: float) -> None:
        end = len(self._waveform) if seconds == inf else min(len(self._waveform), round(seconds * self._rate))
        if end <= self._written:
            return
        samples = np.ascontiguousarray(self._waveform[None, self._written : end])
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._written
        self._container.mux(self._stream.encode(frame))
        self._written = end

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
