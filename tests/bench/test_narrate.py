"""`narrate`: a text, a picture and a voice in, a clip out; whatever goes wrong leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from bench.media.audio import native_waveform
from bench.media.clip import Decoding, frames
from bench.media.probe import probe

TEXT = "Good morning."


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that is stored lying on its side, a voice, and a text."""
    folder = tmp_path_factory.mktemp("parts")
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :48] = (220, 40, 40)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(picture).save(folder / "face.jpg", exif=exif, quality=95)
    time = np.arange(16000) / 16000
    wavfile.write(folder / "voice.wav", 16000, (8000 * np.sin(2 * np.pi * 150 * time)).astype(np.int16))
    (folder / "text.txt").write_bytes(b"\xef\xbb\xbfGood\r\nmorning.\r\n")
    return folder


@pytest.fixture
def narrate(cli: Callable[..., Any], parts: Path) -> Callable[..., Any]:
    """`narrator-bench narrate` with these parts, by the quickest generator; later options win."""

    def call(out: Path, *more: str | Path, words: tuple[str | Path, ...] = ("--text", TEXT)) -> Any:
        given = ["--image", parts / "face.jpg", "--voice", parts / "voice.wav", "--out", out, "--generator", "still"]
        return cli("narrate", *words, *given, *more)

    return call


def test_makes_a_clip_and_says_where_it_lies(narrate: Callable[..., Any], parts: Path, tmp_path: Path) -> None:
    done = narrate(tmp_path / "new" / "clip.mp4", "--seed", "3")
    assert done.code == 0, done.err
    clip = tmp_path / "new" / "clip.mp4"
    assert sorted(path.name for path in clip.parent.iterdir()) == ["clip.mp4", "clip.wav"]
    assert done.out.startswith(f"{clip}: ")
    info = probe(clip)
    assert (info.width, info.height) == (64, 96)  # upright
    first = next(frames(clip, Decoding()))[0]
    assert first[10, 30, 0] > 180 > 60 > first[80, 30, 0]  # red above
    sound, _ = native_waveform(clip.with_suffix(".wav"), 10)
    assert abs(len(sound) / 22050 - info.duration) < 0.1 or np.abs(sound).max() > 0.05
    again = narrate(tmp_path / "other.mp4", "--seed", "3", words=("--text-file", parts / "text.txt"))
    assert again.code == 0, again.err
    for suffix in (".mp4", ".wav"):
        assert (tmp_path / "other.mp4").with_suffix(suffix).read_bytes() == clip.with_suffix(suffix).read_bytes()


def test_what_is_there_is_not_replaced_unasked(narrate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "clip.wav").write_bytes(b"mine")
    refused = narrate(tmp_path / "clip.mp4")
    assert refused.code == 2
    assert "clip.wav is there already" in refused.err
    assert (tmp_path / "clip.wav").read_bytes() == b"mine"
    assert narrate(tmp_path / "clip.mp4", "--overwrite").code == 0
    assert (tmp_path / "clip.wav").read_bytes() != b"mine"


@pytest.mark.parametrize("out", ["voice.mp4", "face.jpg"])
def test_a_file_that_is_read_is_never_replaced(narrate: Callable[..., Any], parts: Path, out: str) -> None:
    before = {path.name: path.read_bytes() for path in parts.iterdir()}
    refused = narrate(parts / out, "--overwrite")
    assert refused.code == 2
    assert "one of the files that are read" in refused.err or "written as MP4" in refused.err
    assert {path.name: path.read_bytes() for path in parts.iterdir()} == before


def test_a_generator_that_fails_leaves_nothing_behind(narrate: Callable[..., Any], tmp_path: Path) -> None:
    failed = narrate(tmp_path / "clip.mp4", "--generator", "cascade")  # stripes are no face
    assert failed.code == 1
    assert "cascade cannot narrate this: no face found in the driving image" in " ".join(failed.err.split())
    assert not list(tmp_path.iterdir())
