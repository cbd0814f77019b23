"""Prompts: where words, face and voice come from, the same ones again, and clips that give none."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import wavfile

from bench.datasets.dataset import DatasetIndex, Sample
from bench.datasets.folder import Folder
from bench.datasets.hdtf import HDTF
from bench.datasets.voxceleb import VoxCeleb
from bench.media.clip import Decoding, first_frame, waveform
from bench.media.writing import write_clip, write_wav
from bench.prompts.prompt import build_prompt
from bench.prompts.recognition import recognise
from bench.prompts.refusal import NoPrompt
from bench.prompts.text import find_text
from bench.prompts.voice import find_voice

DECODING = Decoding()


def tone(seconds: float, pitch: float) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * 16000)) / 16000)).astype(np.float32)


def made(path: Path, pitch: float, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = np.full((25, 32, 32, 3), int(pitch) % 200, dtype=np.uint8)
    write_clip(path, [pictures], 25.0, tone(seconds, pitch) if pitch else np.zeros(16000, np.float32), 16000)
    return path


def speakers(root: Path, **pitches: float) -> DatasetIndex:
    """VoxCeleb clips of one speaker, one for each keyword, in key order."""
    for name, pitch in pitches.items():
        made(root / "mp4/id00001/aaaaaaaaaaa" / f"{name}.mp4", pitch)
    return VoxCeleb().load(root)


def test_the_voice_is_the_next_clip_of_the_speaker(tmp_path: Path) -> None:
    index = speakers(tmp_path, a=200, b=300, c=400)
    for sample, lender in zip(index.samples, [1, 2, 0], strict=True):
        voice, source = find_voice(sample, index, DECODING)
        assert source == f"clip {index.samples[lender].key}"
        assert np.array_equal(voice.waveform, waveform(index.samples[lender].soundtrack, DECODING))
        assert voice.sample_rate == 16000


def test_a_silent_or_broken_neighbour_is_passed_over(tmp_path: Path) -> None:
    index = speakers(tmp_path, a=200, b=0, c=300, d=400)
    index.samples[2].path.with_suffix(".wav").write_text("no sound")
    _, source = find_voice(index.samples[0], index, DECODING)
    assert source == f"clip {index.samples[3].key}"


def test_a_single_clip_lends_its_own_second_half(tmp_path: Path) -> None:
    index = speakers(tmp_path, a=200)
    voice, source = find_voice(index.samples[0], index, Decoding(max_seconds=0.8))
    assert source == "second half of the clip"
    assert np.array_equal(voice.waveform, tone(1.0, 200)[6400:12800])


def test_no_voice_at_all_is_a_reason(tmp_path: Path) -> None:
    index = speakers(tmp_path, a=0)
    with pytest.raises(NoPrompt, match="no voice profile"):
        find_voice(index.samples[0], index, DECODING)


def test_the_prepared_layout_brings_its_own_voice_and_text(tmp_path: Path) -> None:
    made(tmp_path / "train/videos/0001.mp4", 200)
    for folder in ("texts", "ref_audios"):
        (tmp_path / "train" / folder).mkdir()
    (tmp_path / "train/texts/0001.txt").write_text("\ufeffHELLO\n  THERE\n", encoding="utf-8")
    write_wav(tmp_path / "train/ref_audios/0001.wav", tone(0.5, 333), 16000)
    index = Folder().load(tmp_path)
    prompt, provenance = build_prompt(index.samples[0], index, 7, DECODING, tmp_path / "cache")
    assert (prompt.key, prompt.text, prompt.seed) == ("train-0001", "HELLO THERE", 7)
    assert np.array_equal(prompt.voice.waveform, tone(0.5, 333))
    assert np.array_equal(prompt.image, first_frame(index.samples[0].path))
    assert (provenance.text, provenance.voice) == ("texts/0001.txt", "ref_audios/0001.wav")
    assert provenance.image == "frame at t = 0"


def test_texts_are_found_in_order(tmp_path: Path) -> None:
    sample = Sample("a", made(tmp_path / "videos/a.mp4", 200), "none")

    def found(of: Sample) -> tuple[str, str]:
        return find_text(of, tmp_path, DECODING, tmp_path / "cache")

    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").write_text("third")
    assert found(sample) == ("third", "texts/a.txt")
    (tmp_path / "transcripts.tsv").write_text("a\tsecond\nb\tother\n")
    assert found(sample) == ("second", "transcripts.tsv")
    (tmp_path / "videos/a.txt").write_text("first")
    assert found(sample) == ("first", "a.txt")
    told = Sample("a", sample.path, "none", transcript="told")
    assert found(told) == ("told", "dataset")


def test_texts_that_are_none(tmp_path: Path) -> None:
    sample = Sample("a", made(tmp_path / "a.mp4", 200), "none")
    (tmp_path / "a.txt").write_text(" \n")
    with pytest.raises(NoPrompt, match=r"no words: the text \(a.txt\) is empty"):
        find_text(sample, tmp_path, DECODING, tmp_path)
    (tmp_path / "a.txt").write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(NoPrompt, match=r"a\.txt cannot be used: line 1 is not UTF-8"):
        find_text(sample, tmp_path, DECODING, tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("wörds".encode("utf-16"), "UTF-16"),
        ("words".encode("utf-16-le"), "UTF-16"),
        (b"wo\0rds", "zero bytes"),
        (b"fine\nbad \xff", "line 2 is not UTF-8"),
        (b"word " * 300_000, "larger than 1024 KiB"),
        ("folder", "not a regular file: a folder"),
        ("fifo", "not a regular file: a FIFO"),
        ("dangling", "a link to nothing"),
        ("endless", "not a regular file: a character device"),
    ],
)
def test_a_text_that_cannot_be_read_costs_only_its_own_clip(tmp_path: Path, content: bytes | str, reason: str) -> None:
    for root, place in ((tmp_path / "one", "a.txt"), (tmp_path / "two", "texts/a.txt")):
        (root / place).parent.mkdir(parents=True)
        hostile(root / place, content)
        with pytest.raises(NoPrompt, match=f"no words: {place} cannot be used: .*{reason}"):
            find_text(Sample("a", root / "a.mp4", "none"), root, DECODING, tmp_path)


def hostile(path: Path, content: bytes | str) -> None:
    """A file of that content, or something at its place that is no file."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "folder":
        path.mkdir()
    elif content == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if content == "endless" else path.with_name("absent"))


def test_a_broken_row_of_the_table_costs_only_its_own_clip(tmp_path: Path) -> None:
    rows = [b"\xef\xbb\xbfa\tfirst\r", b"b without a tab", b"c\tGr\xfc\xdfe", b"d\tone", b"d\ttwo", b"", b"e\tsame"]
    rows += [b"e\tsame", "f\tone\u2028g\ttwo".encode(), b"h\t\0", b"i\t" + b"x" * 1_100_000, b"\xff\t?"]
    (tmp_path / "transcripts.tsv").write_bytes(b"\n".join(rows))

    def found(key: str) -> str:
        return find_text(Sample(key, tmp_path / f"{key}.mp4", "none"), tmp_path, DECODING, tmp_path)[0]

    assert [found("a"), found("e"), found("f")] == ["first", "same", "one g two"]
    for key, reason in (
        ("b", "line 2: no tab"),
        ("c", "line 3: it is not UTF-8"),
        ("d", "two texts for it, in lines 4 and 5"),
        ("h", "line 10: it is not UTF-8"),
        ("i", "line 11, is longer than 1024 KiB"),
    ):
        with pytest.raises(NoPrompt, match=reason):
            found(key)


@pytest.mark.parametrize("content", ["folder", "fifo", "dangling", "endless", "a\tb\n".encode("utf-16")])
def test_a_table_that_is_none_is_no_prompt(tmp_path: Path, content: bytes | str) -> None:
    hostile(tmp_path / "transcripts.tsv", content)
    with pytest.raises(NoPrompt, match=r"transcripts.tsv cannot be used"):
        find_text(Sample("a", tmp_path / "a.mp4", "none"), tmp_path, DECODING, tmp_path)


def test_a_table_that_was_mended_is_read_again(tmp_path: Path) -> None:
    sample, table = Sample("a", tmp_path / "a.mp4", "none"), tmp_path / "transcripts.tsv"
    table.write_text("a no tab\n")
    with pytest.raises(NoPrompt):
        find_text(sample, tmp_path, DECODING, tmp_path)
    table.write_text("a\tmended\n")
    os.utime(table, ns=(1, 1))
    assert find_text(sample, tmp_path, DECODING, tmp_path)[0] == "mended"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0, np.float32), "the file is empty|holds no samples"),
        (np.zeros(8000, np.float32), "it is silent"),
        (np.full(8000, np.nan, np.float32), "not finite"),
        (20_000 * np.sin(np.arange(8000, dtype=np.float32)), "times full scale"),
        (None, "a FIFO"),
    ],
)
def test_reference_audio_that_cannot_be_used_is_passed_over_with_its_reason(tmp_path: Path, samples, reason) -> None:
    made(tmp_path / "train/videos/0001.mp4", 200)
    for folder in ("texts", "ref_audios"):
        (tmp_path / "train" / folder).mkdir()
    profile = tmp_path / "train/ref_audios/0001.wav"
    if samples is None:
        os.mkfifo(profile)
    else:
        wavfile.write(profile, 16000, samples)
    index = Folder().load(tmp_path)
    voice, source = find_voice(index.samples[0], index, DECODING)
    assert re.fullmatch(rf"second half of the clip \(not ref_audios/0001.wav: .*({reason}).*\)", source)
    assert np.array_equal(voice.waveform, tone(1.0, 200)[8000:])


def test_silence_has_no_words(tmp_path: Path) -> None:
    sample = Sample("a", made(tmp_path / "a.mp4", 0), "none")
    with pytest.raises(NoPrompt, match="recognised by pocketsphinx"):
        find_text(sample, tmp_path, DECODING, tmp_path / "cache")


@pytest.mark.shared
@pytest.mark.slow
def test_recognition_hears_most_words_alike_every_time(shared: Path, tmp_path: Path) -> None:
    paper = shared / "media/generated/nfy_man.mp4"
    other = shared / "media/real/grid_bbaf2n.mpg"
    spoken = "in the district court litigation ultimately there were a number of"
    text, engine = recognise(paper, DECODING, tmp_path / "one")
    assert engine.startswith("pocketsphinx")
    assert text.startswith(spoken)
    alone = recognise(other, DECODING, tmp_path / "one")
    assert recognise(other, DECODING, tmp_path / "two") == alone  # whatever was heard before
    (kept,) = (tmp_path / "two").iterdir()
    kept.write_text("kept")
    assert recognise(other, DECODING, tmp_path / "two") == ("kept", engine)  # not heard again
    assert recognise(other, Decoding(max_seconds=1.0), tmp_path / "two") != (
        "kept",
        engine,
    )  # another part, another text


@pytest.mark.shared
@pytest.mark.slow
def test_a_real_clip_without_any_text(shared: Path, tmp_path: Path) -> None:
    clip = tmp_path / "WDA_KatieHill_000.mp4"
    shutil.copy(shared / "media/real/WDA_KatieHill_000.mp4", clip)
    index = HDTF().load(tmp_path)
    prompt, provenance = build_prompt(index.samples[0], index, 0, DECODING, tmp_path / "cache")
    assert "orientation" in prompt.text
    assert provenance.text.startswith("recognised by pocketsphinx")
    assert provenance.voice == "second half of the clip"
    assert prompt.image.shape == (512, 512, 3)
    again, _ = build_prompt(index.samples[0], index, 0, DECODING, tmp_path / "cache")
    assert again.text == prompt.text
    assert np.array_equal(again.voice.waveform, prompt.voice.waveform)


def test_the_prepared_layout_brings_its_own_image(tmp_path: Path) -> None:
    clip = made(tmp_path / "train/videos/0001.mp4", 222)
    for folder in ("texts", "images"):
        (tmp_path / "train" / folder).mkdir()
    (tmp_path / "train/texts/0001.txt").write_text("hello")
    portrait = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(portrait).save(tmp_path / "train/images/0001.png")
    index = Folder().load(tmp_path)
    prompt, provenance = build_prompt(index.samples[0], index, 1, DECODING, tmp_path / "cache")
    assert provenance.image == "images/0001.png"
    assert np.array_equal(prompt.image, portrait)
    assert not np.array_equal(prompt.image.shape, first_frame(clip).shape)
    (tmp_path / "train/images/0001.jpg").write_text("no picture")  # .jpg comes first, and nothing stands in for it
    index = Folder().load(tmp_path)
    with pytest.raises(NoPrompt, match=r"no driving image: images/0001.jpg: it holds text, not a picture"):
        build_prompt(index.samples[0], index, 1, DECODING, tmp_path / "cache")
