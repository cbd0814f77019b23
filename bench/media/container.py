"""Opening media files: what they hold, and one sentence where they cannot be read."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from bench.files import obstacle

# Containers of single clips only. FFmpeg would also open playlists (hls, concat, dash) and so be led by a file's
# content to other files or to the network; pictures and subtitles are no clips either.
_FORMATS = "mov,mpeg,mpegts,mpegvideo,avi,matroska,webm,flv,asf,wav,w64,aiff,au,caf,flac,mp3,aac,ogg,gif"


class UnreadableClip(ValueError):
    """A media file that cannot be decoded as asked.

    Attributes:
        path: the file.
        reason: why, as the end of a sentence that begins with the file's name.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}.")
        self.path = path
        self.reason = reason


@contextmanager
def failures_of(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside is the failure of this clip alone: it becomes an `UnreadableClip`.

    Only a full disk is not: the next clip would find it as full.
    """
    try:
        yield
    except UnreadableClip:
        raise
    except MemoryError as error:
        raise UnreadableClip(path, "decoding it asks for more memory than there is") from error
    except OSError as error:  # it vanished, or its disk failed
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise UnreadableClip(path, f"it cannot be read ({error.strerror or error})") from error
    except av.error.FFmpegError as error:
        raise UnreadableClip(path, f"it is damaged ({error.strerror})") from error
    except Exception as error:
        raise UnreadableClip(path, f"it cannot be decoded ({type(error).__name__}: {error})") from error


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The regular file at `path`, opened for demuxing; whatever goes wrong with it becomes an `UnreadableClip`."""
    path = Path(path)
    if reason := obstacle(path):
        raise UnreadableClip(path, reason)
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    with failures_of(path):
        if path.stat().st_size == 0:
            raise UnreadableClip(path, "the file is empty")
        try:
            # "file:" keeps FFmpeg from reading a protocol into a name that holds a colon.
            container = av.open(f"file:{path}", options=options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError) as error:
            raise UnreadableClip(path, _why_not_media(path, error)) from error
        with container:
            yield container


def _why_not_media(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    if head[4:8] in (b"ftyp", b"mdat", b"wide"):
        return "it is cut short: the index of the MP4 file (its moov box) is missing or incomplete"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head):
        return "it holds text, not media"
    return f"it is no media file that FFmpeg can read ({getattr(error, 'strerror', None) or error})"


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no cover picture, to be decoded by one thread.

    Workers divide the clips among the cores, so more threads would only contend for them.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            stream.codec_context.thread_count = 1
            return stream
    raise UnreadableClip(path, "it has no video stream")


def audio_stream(container: InputContainer, path: Path) -> AudioStream:
    """The first audio stream, to be decoded by one thread."""
    for stream in container.streams.audio:
        stream.codec_context.thread_count = 1
        return stream
    raise UnreadableClip(path, "it has no audio stream")


def has_sound(path: Path) -> bool:
    """Whether the file holds an audio stream, by its header; True where it cannot be opened: reading then says why."""
    try:
        with opened(path) as container:
            return bool(container.streams.audio)
    except UnreadableClip:
        return True


def time_zero(container: InputContainer) -> Fraction:
    """The presentation time, in seconds, that a clip counts from: that of its first video frame.

    A file without video counts from its container's own zero.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.start_time is not None and stream.time_base:
            return stream.start_time * stream.time_base
    return Fraction(0)


def require_whole(container: InputContainer, stream: AudioStream | VideoStream, packets: int, path: Path) -> None:
    """Hold the packets that were read to the end against the file's own index, which only MP4-family files keep.

    For PCM sound that index counts samples, so there it says nothing of packets.
    """
    counts_packets = "mp4" in container.format.name and not stream.codec_context.name.startswith("pcm")
    if counts_packets and 0 < packets < stream.frames:
        kind = "video" if isinstance(stream, VideoStream) else "audio"
        raise UnreadableClip(
            path, f"it is cut short: its index lists {stream.frames} {kind} packets, {packets} are there"
        )
