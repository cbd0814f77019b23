"""What is no clip, or a clip that asks for too much: each ends in its own reason, at once and within little memory."""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import inf
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.io import wavfile
from support.made_clips import encode, picture

from bench.media import container, video, writing
from bench.media.audio import native_waveform
from bench.media.clip import Decoding, UnreadableClip, first_frame, frames, probe, soundtrack_path, waveform
from bench.media.clip_file import ClipFile
from bench.media.writing import store_finished, write_clip

WHOLE = Decoding(max_seconds=inf)
READERS: list[Callable[[Path], object]] = [
    probe,
    first_frame,
    lambda path: list(frames(path, Decoding())),
    lambda path: waveform(path, Decoding()),
    lambda path: ClipFile(path).identity(Decoding()),
    lambda path: store_finished(path, path.with_name("stored.mp4")),
]


@pytest.fixture
def little_memory() -> Iterator[None]:
    """No more than 2 GB beyond what the process already has."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.parametrize("read", READERS)
def test_only_regular_files_are_opened(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "to fifo.mp4").symlink_to("fifo.mp4")
    (tmp_path / "endless.mp4").symlink_to("/dev/zero")
    (tmp_path / "dangling.mp4").symlink_to("absent")
    (tmp_path / "circle.mp4").symlink_to("circle.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.mp4"))
    for name, reason in {
        "fifo": "not a regular file: a FIFO",
        "to fifo": "not a regular file: a FIFO",
        "endless": "not a regular file: a character device",
        "dangling": "a link to nothing",
        "circle": "it cannot be reached (Too many levels of symbolic links)",
        "folder": "not a regular file: a folder",
        "socket": "not a regular file: a socket",
        "absent": "there is no such file",
        "x" * 300: "it cannot be reached (File name too long)",
        "zero\0byte": "it cannot be reached (embedded null byte)",
    }.items():
        with pytest.raises(UnreadableClip) as caught:
            read(tmp_path / f"{name}.mp4")
        assert caught.value.reason == reason


def test_a_fifo_beside_a_clip_is_not_its_sound(tmp_path: Path) -> None:
    clip = encode(tmp_path / "a.mp4", range(0, 400, 40))
    os.mkfifo(tmp_path / "a.wav")
    assert soundtrack_path(clip) == clip


@pytest.mark.parametrize("read", [*READERS[:3], READERS[5]])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "asks for more memory"),
        (OverflowError("too large"), r"cannot be decoded \(OverflowError: too large\)"),
        (FileNotFoundError(2, "No such file or directory"), r"cannot be read \(No such file or directory\)"),
        (av.error.InvalidDataError(1, "Invalid data"), r"is damaged \(Invalid data\)"),
        (KeyError("?"), "cannot be decoded"),
    ],
)
def test_any_error_of_a_clip_is_its_own_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object], error: Exception, reason: str
) -> None:
    def failing(*_: object) -> None:
        raise error

    clip = encode(tmp_path / "a.mp4", range(0, 400, 40))
    monkeypatch.setattr(video, "_duration", failing)
    with pytest.raises(UnreadableClip, match=reason):
        read(clip)


def test_a_full_disk_is_no_clips_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    clip = jumping(tmp_path / "a.mkv")
    monkeypatch.setattr(writing, "_write_mp4", full)
    with pytest.raises(OSError, match="No space left"):
        store_finished(clip, tmp_path / "store/a.mp4")


def test_a_file_that_vanishes_while_it_is_opened_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = encode(tmp_path / "a.mp4", range(0, 400, 40))
    monkeypatch.setattr(container, "obstacle", lambda path: path.unlink())
    with pytest.raises(UnreadableClip, match="cannot be read"):
        probe(clip)


def jumping(path: Path, sound_jump: float = 0, picture_jump: float = 0, at: int = 25) -> Path:
    """Two seconds of pictures and sound whose time stamps leap forward after `at` pictures and as much sound."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        track = made.add_stream("pcm_s16le", rate=16000, layout="mono")
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts = 40 * number + round(1000 * picture_jump) * (number >= at)
            frame.time_base = Fraction(1, 1000)
            made.mux(stream.encode(frame))
            sound = av.AudioFrame.from_ndarray(np.full((1, 640), 9000, np.int16), "s16", "mono")
            sound.pts = 640 * number + round(16000 * sound_jump) * (number >= at)
            sound.sample_rate, sound.time_base = 16000, Fraction(1, 16000)
            made.mux(track.encode(sound))
        made.mux(stream.encode(None))
    return path


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("jump", [7.0, 3000.0, 200_000.0])
def test_a_jump_in_the_sounds_time_stamps_is_damage(tmp_path: Path, jump: float) -> None:
    clip = jumping(tmp_path / "a.mkv", sound_jump=jump)
    for read in (
        lambda: native_waveform(clip, inf),
        lambda: waveform(clip, WHOLE),
        lambda: store_finished(clip, tmp_path / "store/a.mp4"),
    ):
        with pytest.raises(UnreadableClip, match=r"its sound's time stamps jump from 1\.00 s to .* no pictures"):
            read()
    assert not list(tmp_path.glob("store/*"))
    assert len(native_waveform(clip, 1.0)[0]) == 16000  # the part that is read holds no jump


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("jump", [6.0, 3000.0, 2_000_000.0])
def test_a_jump_in_the_pictures_time_stamps_is_damage(tmp_path: Path, jump: float) -> None:
    clip = jumping(tmp_path / "a.mkv", picture_jump=jump)
    for decoding in (WHOLE, Decoding(fps=None, max_seconds=inf), Decoding()):
        with pytest.raises(UnreadableClip, match=r"its pictures' time stamps jump from 0\.96 s to"):
            list(frames(clip, decoding))
    assert sum(map(len, frames(clip, Decoding(max_seconds=1.0)))) == 25
    info = probe(clip)
    assert (info.frames, info.fps, info.duration) == (25, 25.0, 1.0)


def test_what_follows_the_part_that_is_read_costs_nothing(tmp_path: Path) -> None:
    clip = jumping(tmp_path / "a.mkv", sound_jump=9999, picture_jump=9999, at=40)
    stored = store_finished(clip, tmp_path / "store/a.mp4", max_seconds=1.5)
    assert len(waveform(tmp_path / "store/a.wav", Decoding(sample_rate=None))) == 24000
    assert probe(stored.played).frames == 38
    assert np.array_equal(waveform(tmp_path / "store/a.wav", Decoding(max_seconds=1.5)), np.full(24000, 9000 / 32768))


def test_sound_may_pause_while_the_pictures_go_on(tmp_path: Path) -> None:
    clip = jumping(tmp_path / "a.mkv", sound_jump=4.0, picture_jump=4.0)
    sound, rate = native_waveform(clip, inf)
    assert len(sound) == 6 * rate
    assert not sound[rate : 5 * rate].any()


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    ("rate", "samples", "reason"),
    [
        (16000, np.array([0, np.nan, 0], np.float32), "not finite"),
        (16000, np.array([0, np.inf, 0], np.float32), "not finite"),
        (16000, 20_000 * np.sin(np.arange(100, dtype=np.float32)), "reaches 2e.04 times full scale"),
        (1, np.ones(50_000, np.int16), "its sample rate, 1 Hz"),
        (16000, np.zeros(0, np.int16), "holds no samples|is empty|no media"),
    ],
)
def test_samples_that_are_no_sound(tmp_path: Path, rate: int, samples: np.ndarray, reason: str) -> None:
    path = tmp_path / "a.wav"
    wavfile.write(path, rate, samples)
    with pytest.raises(UnreadableClip, match=reason):
        waveform(path, WHOLE)


def test_sound_a_little_beyond_full_scale_is_sound(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 16000, np.full(100, 1.9, np.float32))
    assert waveform(tmp_path / "a.wav", Decoding()).max() == np.float32(1.9)


def test_integers_kept_as_floats_are_not_stored(tmp_path: Path) -> None:
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    with pytest.raises(ValueError, match="times full scale; if it holds 16-bit integers"):
        write_clip(tmp_path / "a.mp4", [pictures], 25.0, np.full(99, 3e4, np.float32), 16000)
    assert not list(tmp_path.iterdir())
