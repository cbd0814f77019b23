"""Storing clips: lossless sound, pictures in step with it, the same bytes again, finished clips unchanged."""

from __future__ import annotations

import hashlib
from math import inf
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from support.made_clips import number_in, picture

from bench.media.clip import Decoding, UnreadableClip, frames, probe, soundtrack_path, waveform
from bench.media.writing import store_finished, write_clip

NATIVE = Decoding(fps=None, sample_rate=None, max_seconds=inf)


def noise(seconds: float, rate: int = 16000) -> NDArray[np.float32]:
    return np.random.default_rng(3).uniform(-0.9, 0.9, round(seconds * rate)).astype(np.float32)


def numbered(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    pictures = np.stack([picture(k, height, width) for k in range(count)])
    return [pictures[k : k + 16] for k in range(0, count, 16)]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    clip = tmp_path / "new folder" / "key.mp4"
    sound = noise(2.0)
    sound[5] = 1.25  # beyond what integers could hold
    write_clip(clip, numbered(50), 25.0, sound, 16000)
    assert [number_in(f) for chunk in frames(clip, NATIVE) for f in chunk] == list(range(50))
    assert np.array_equal(waveform(soundtrack_path(clip), NATIVE), sound)
    info = probe(clip)
    assert (info.fps, info.frames, info.duration, info.video_codec) == (25.0, 50, 2.0, "h264")
    assert (info.audio_codec, info.sample_rate, info.channels) == ("aac", 16000, 1)
    assert sorted(p.name for p in clip.parent.iterdir()) == ["key.mp4", "key.wav"]
    assert b"moov" in clip.read_bytes()[:64]  # index first: a browser can begin at once


def test_colours_survive(tmp_path: Path) -> None:
    bars = np.zeros((8, 64, 64, 3), dtype=np.uint8)
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (120, 120, 120)]
    for k, colour in enumerate(colours):
        bars[:, :, 16 * k : 16 * (k + 1)] = colour
    write_clip(tmp_path / "c.mp4", [bars], 25.0, noise(0.3), 16000)
    read = next(iter(frames(tmp_path / "c.mp4", NATIVE))).astype(int)
    for k, colour in enumerate(colours):
        assert np.abs(read[:, 4:60, 16 * k + 4 : 16 * k + 12].mean(axis=(0, 1, 2)) - colour).max() < 4
    with av.open(str(tmp_path / "c.mp4")) as container:
        assert next(container.decode(video=0)).colorspace in (5, 6)  # tagged BT.601, so players agree


def test_flash_and_click_stay_together(tmp_path: Path) -> None:
    """A white frame at 1.2 s and a click at 1.2 s, both read back from the MP4 itself within a millisecond."""
    pictures = np.zeros((75, 64, 64, 3), dtype=np.uint8)
    pictures[30] = 255
    sound = np.zeros(3 * 44100, dtype=np.float32)
    sound[int(1.2 * 44100)] = 1.0
    write_clip(tmp_path / "sync.mp4", [pictures[:40], pictures[40:]], 25.0, sound, 44100)
    levels = np.concatenate([chunk.mean(axis=(1, 2, 3)) for chunk in frames(tmp_path / "sync.mp4", Decoding())])
    assert int(levels.argmax()) == 30
    track = waveform(tmp_path / "sync.mp4", NATIVE)
    assert abs(int(np.abs(track).argmax()) / 44100 - 1.2) < 0.001


@pytest.mark.parametrize("seconds", [0.3, 5.0])
def test_speech_shorter_or_longer_than_the_pictures_loses_nothing(tmp_path: Path, seconds: float) -> None:
    clip = tmp_path / "k.mp4"
    write_clip(clip, numbered(50), 25.0, noise(seconds), 16000)
    assert probe(clip).frames == 50
    assert len(waveform(clip.with_suffix(".wav"), NATIVE)) == round(seconds * 16000)
    assert len(waveform(clip, NATIVE)) >= round(seconds * 16000)


@pytest.mark.parametrize(("height", "width"), [(49, 64), (48, 63), (51, 67)])
def test_odd_sizes_gain_one_repeated_line(tmp_path: Path, height: int, width: int) -> None:
    clip = tmp_path / "odd.mp4"
    write_clip(clip, [np.full((3, height, width, 3), 90, dtype=np.uint8)], 25.0, noise(0.1), 16000)
    read = next(iter(frames(clip, NATIVE)))
    assert read.shape == (3, height + height % 2, width + width % 2, 3)
    assert np.abs(read.astype(int) - 90).max() <= 2


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    hashes = set()
    for name in ("one", "two"):
        write_clip(tmp_path / f"{name}.mp4", numbered(60, 128, 128), 29.97, noise(2.4, 20000), 20000)
        both = [(tmp_path / f"{name}{suffix}").read_bytes() for suffix in (".mp4", ".wav")]
        hashes.add(hashlib.sha256(b"".join(both)).hexdigest())
    assert len(hashes) == 1


def test_no_sound_means_no_soundtrack(tmp_path: Path) -> None:
    write_clip(tmp_path / "k.mp4", numbered(5), 25.0, np.zeros(0, dtype=np.float32), 16000)
    assert not (tmp_path / "k.wav").exists()
    (tmp_path / "k.wav").write_bytes(b"an older clip's")
    write_clip(tmp_path / "k.mp4", numbered(5), 25.0, np.zeros(0, dtype=np.float32), 16000)
    assert not (tmp_path / "k.wav").exists()
    with pytest.raises(UnreadableClip, match="no audio stream"):
        waveform(soundtrack_path(tmp_path / "k.mp4"), NATIVE)


def test_a_broken_stream_leaves_no_clip(tmp_path: Path) -> None:
    def chunks():
        yield from numbered(20)
        raise RuntimeError("the generator gave up")

    with pytest.raises(RuntimeError, match="gave up"):
        write_clip(tmp_path / "k.mp4", chunks(), 25.0, noise(1.0), 16000)
    assert not list(tmp_path.glob("*.mp4"))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("chunks", "sound", "message"),
    [
        ([], noise(0.1), "no frames"),
        ([np.zeros((1, 4, 4), np.uint8)], noise(0.1), "must be uint8"),
        ([np.zeros((1, 4, 4, 3), np.float32)], noise(0.1), "must be uint8"),
        ([np.zeros((1, 4, 4, 3), np.uint8), np.zeros((1, 6, 4, 3), np.uint8)], noise(0.1), "change size"),
        (numbered(1), np.array([np.nan], np.float32), "not finite"),
        (numbered(1), np.zeros((2, 5), np.float32), "must be float32"),
    ],
)
def test_what_is_no_clip_is_refused(tmp_path: Path, chunks, sound, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_clip(tmp_path / "k.mp4", chunks, 25.0, sound, 16000)
    assert not list(tmp_path.glob("*.mp4"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "plays"),
    [
        ("real/vox2_idunknown_00010.mp4", True),
        ("real/hamilton_short.mp4", True),  # pictures begin after the sound
        ("real/retalking_face_1.mp4", True),  # variable frame rate, 44.1 kHz stereo
        ("real/grid_bbaf2n.mpg", False),
        ("real/WDA_KatieHill_000.mp4", False),  # MPEG-4 part 2
        ("real/edtalk_mouth_source_noaudio.mp4", True),
    ],
)
def test_a_finished_clip_measures_like_the_original(shared: Path, tmp_path: Path, name: str, plays: bool) -> None:
    source = shared / "media" / name
    stored = store_finished(source, tmp_path / "key.mp4")
    assert stored.measured == tmp_path / f"key{source.suffix}"
    assert stored.measured.read_bytes() == source.read_bytes()
    assert (stored.played == stored.measured) is plays
    assert probe(stored.played).video_codec == "h264"
    assert probe(stored.played).frames == probe(source).frames
    if probe(source).audio_codec is None:
        assert soundtrack_path(stored.measured) == stored.measured
        return
    assert soundtrack_path(stored.measured) == tmp_path / "key.wav"
    for decoding in (Decoding(), Decoding(sample_rate=None, max_seconds=2.0)):
        assert np.array_equal(waveform(tmp_path / "key.wav", decoding), waveform(source, decoding))


def test_a_finished_clip_keeps_the_sound_beside_it(tmp_path: Path) -> None:
    write_clip(tmp_path / "made.mp4", numbered(25), 25.0, noise(1.0, 24000), 24000)
    store_finished(tmp_path / "made.mp4", tmp_path / "store" / "key.mp4")
    assert np.array_equal(waveform(tmp_path / "store/key.wav", NATIVE), noise(1.0, 24000))
