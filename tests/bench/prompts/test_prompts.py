"""Prompts: where words, face and voice come from, the same ones again, and clips that give none."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.datasets.dataset import DatasetIndex, Sample
from bench.datasets.folder import Folder
from bench.datasets.hdtf import HDTF
from bench.datasets.voxceleb import VoxCeleb
from bench.errors import UserMistake
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
    with pytest.raises(UserMistake, match="not UTF-8"):
        find_text(sample, tmp_path, DECODING, tmp_path)
    (tmp_path / "a.txt").unlink()
    (tmp_path / "transcripts.tsv").write_text("a\tfine\nb without a tab\n")
    with pytest.raises(UserMistake, match="line 2: no tab"):
        find_text(sample, tmp_path, DECODING, tmp_path)


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
    text = recognise(paper, DECODING, tmp_path / "one")
    assert text.startswith(spoken)
    alone = recognise(other, DECODING, tmp_path / "one")
    assert recognise(other, DECODING, tmp_path / "two") == alone  # whatever was heard before
    (kept,) = (tmp_path / "two").iterdir()
    kept.write_text("kept")
    assert recognise(other, DECODING, tmp_path / "two") == "kept"  # not heard again
    assert recognise(other, Decoding(max_seconds=1.0), tmp_path / "two") != "kept"  # another part, another text


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
