"""Storing clips: an MP4 that people play and, beside it, the sound without loss."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import inf
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray

from bench.files import atomic
from bench.media.audio import native_waveform, no_sound, resampled
from bench.media.clip import soundtrack_path
from bench.media.container import failures_of
from bench.media.picture_folder import picture_frames
from bench.media.probe import ClipInfo, probe
from bench.media.timing import as_fraction
from bench.media.video import pyav_frames

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_PRESET = "veryfast"
_AVX512 = 256
"""OpenCV's number of the instructions that x264 asks for before it uses those of AVX-512 (`CPU_AVX512_SKX`)."""
CODEC = "h264"
"""FFmpeg's name of the codec that `write_clip` encodes pictures with."""

CRF = 18
"""How strongly, unless told otherwise: x264's constant rate factor, 0 (least loss) to 51."""


def write_clip(
    path: Path,
    chunks: Iterable[NDArray[np.uint8]],
    fps: float,
    waveform: NDArray[np.float32],
    sample_rate: int,
    crf: int = CRF,
) -> None:
    """Write KEY.mp4 (H.264, yuv420p, BT.601, AAC, index first) and KEY.wav (32-bit float, lossless) beside it.

    The WAV holds float samples because then what is measured is exactly what the generator returned: 16-bit integers
    would round it and clip what exceeds 1. Pictures and sound both begin at time 0 and keep their own length. An odd
    width or height gains one repeated column or row, since 4:2:0 chroma needs even sizes. Same input, same bytes, on
    however busy a machine. Both files appear under their names only when whole, the MP4 last; chunks are encoded as
    they come.

    Args:
        path: KEY.mp4.
        chunks: uint8 [t, H, W, 3] RGB, at least one frame in all.
        fps: frames per second.
        waveform: float32 [S] mono, nominally -1..1; with S = 0 the clip has no soundtrack and no WAV is written.
        sample_rate: in Hz.
        crf: x264's constant rate factor, 0 to 51.

    Raises:
        ValueError: no frames, wrong shape or type, sizes that change, samples that are no sound, or a crf out of range.
    """
    _check_sound(waveform, sample_rate)
    if not 0 <= crf <= 51:
        raise ValueError(f"The crf is {crf}; it must be from 0 to 51.")
    if len(waveform):
        write_wav(path.with_suffix(".wav"), waveform, sample_rate)
    else:
        path.with_suffix(".wav").unlink(missing_ok=True)  # an older clip's, which would pass for this one's
    with atomic(path) as temporary:
        _write_mp4(temporary, _checked(chunks), fps, waveform, sample_rate, crf)


def write_wav(path: Path, waveform: NDArray[np.float32], sample_rate: int) -> None:
    """Write a mono 32-bit float WAV; it appears under its name only when whole."""
    from scipy.io import wavfile

    with atomic(path) as temporary:
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


def store_finished(
    source: Path,
    path: Path,
    audio: Path | None = None,
    max_seconds: float = inf,
    rate: float | None = None,
    crf: int = CRF,
) -> StoredClip:
    """Put a clip that already stands in a file into the store as KEY.*, so that it measures exactly like the original.

    The file is copied byte for byte, and KEY.wav holds its soundtrack (or `audio`, or that of a WAV beside the source)
    as mono float samples at its own rate, which decode to the same waveform. A clip without a soundtrack gets no WAV.
    Only where browsers cannot play the file (not H.264 in MP4) is a KEY.view.mp4 made, for people alone. A folder of
    pictures is encoded as `write_clip` encodes a generator's frames, and that is measured.

    Args:
        source: the finished clip.
        path: KEY.mp4 in the store; the copy takes the suffix of the source instead.
        audio: its sound, where that lies in a file of its own.
        max_seconds: no more than this is decoded, for the WAV and for viewing; the copy of the file is always whole.
        rate: frames per second, where the source is a folder of numbered pictures.
        crf: as in `write_clip`, for pictures.

    Raises:
        UnreadableClip: the source cannot be decoded.
    """
    if rate is not None:
        return _store_pictures(source, path, audio, max_seconds, rate, crf)
    info = probe(source)
    beside = soundtrack_path(source)
    apart = audio or (beside if beside != source else None)
    sound: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
    rate = 16000
    if apart or info.audio_codec:
        sound, rate = native_waveform(apart or source, max_seconds)
        write_wav(path.with_suffix(".wav"), sound, rate)
    else:
        path.with_suffix(".wav").unlink(missing_ok=True)
    measured = path.with_suffix(source.suffix.lower())
    played = measured
    if not _plays_in_browsers(info):
        played = path.with_suffix(".view.mp4")
        pictures = pyav_frames(source, info.fps, max_seconds)
        with atomic(played) as temporary, failures_of(source):
            _write_mp4(temporary, pictures, info.fps, sound, rate, CRF)
    with atomic(measured) as temporary:
        shutil.copyfile(source, temporary)
    return StoredClip(measured, path.with_suffix(".wav") if apart else None, played)


def _store_pictures(
    source: Path, path: Path, audio: Path | None, max_seconds: float, rate: float, crf: int
) -> StoredClip:
    sound: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
    sample_rate = 16000
    if audio:
        sound, sample_rate = native_waveform(audio, max_seconds)
    write_clip(path, picture_frames(source, rate, None, max_seconds), rate, sound, sample_rate, crf)
    return StoredClip(path, path.with_suffix(".wav") if audio else None, path)


def _plays_in_browsers(info: ClipInfo) -> bool:
    return info.video_codec == "h264" and "mp4" in info.container


def _check_sound(waveform: NDArray[np.float32], sample_rate: int) -> None:
    if waveform.ndim != 1 or waveform.dtype != np.float32:
        raise ValueError(f"The waveform is {waveform.dtype} {list(waveform.shape)}; it must be float32 [S], mono.")
    if reason := no_sound(waveform):
        raise ValueError(f"The waveform {reason}.")
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


def _without_avx512() -> dict[str, str]:
    """Options that keep x264 from AVX-512, with which its macroblock tree reads beyond pictures of some sizes.

    Equal frames then get other bytes from one time to the next. Without it they get those of other x86 processors.
    """
    return {"x264-params": "asm=avx2"} if cv2.checkHardwareSupport(_AVX512) else {}


def _write_mp4(
    path: Path,
    chunks: Iterator[NDArray[np.uint8]],
    fps: float,
    waveform: NDArray[np.float32],
    sample_rate: int,
    crf: int,
) -> None:
    first = next(chunks, None)
    if first is None:
        raise ValueError("The clip has no frames.")
    rate = as_fraction(fps)
    height, width = (side + side % 2 for side in first.shape[1:3])
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(f"file:{path}", "w", format="mp4", options=options) as container:
        options = {"crf": str(crf), "preset": _PRESET} | _without_avx512()
        video = container.add_stream("libx264", rate=rate, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = 1 / rate
        # x264's output depends on its number of threads, and with two of them it varies on a busy machine. One also
        # keeps x264 from looking ahead in a thread of its own, and swscale from dividing a picture among threads.
        video.codec_context.thread_count = 1
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
        self._stream.codec_context.thread_count = 1
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
