"""The bundled corpus on disk: formats, exact bytes, extension, and what happens to clips that are not whole."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from bench.datasets.synthetic import Synthetic
from bench.errors import UserMistake
from bench.media.probe import probe
from bench.synthetic import FLAVOURS, load, make
from bench.synthetic import corpus as corpus_module
from bench.synthetic.corpus import write_script
from bench.synthetic.speech import sentences

SEED = 7


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", FLAVOURS)
def test_clips_have_the_format_of_their_flavour(corpus: dict[str, Path], name: str) -> None:
    flavour, clip = FLAVOURS[name], load(corpus[name])[0]
    info = probe(clip.path)
    assert (info.width, info.height, info.fps) == (flavour.size, flavour.size, 25)
    assert (info.video_codec, info.audio_codec, info.sample_rate) == ("h264", "aac", flavour.sample_rate)
    rate, sound = wavfile.read(clip.path.with_suffix(".wav"))
    assert rate == flavour.sample_rate
    assert sound.ndim == 1
    assert 3.0 <= len(sound) / rate <= 4.5
    assert abs(info.duration - len(sound) / rate) < 0.05


def test_the_lossless_sound_is_the_speech_that_was_made(corpus: dict[str, Path]) -> None:
    clip = load(corpus["voxceleb"])[1]
    _, sound = wavfile.read(clip.path.with_suffix(".wav"))
    np.testing.assert_array_equal(sound, write_script("voxceleb", 1, SEED).spoken.waveform)


def test_the_transcript_is_a_bundled_sentence_word_for_word(corpus: dict[str, Path]) -> None:
    clips = load(corpus["voxceleb"])
    for clip in clips:
        assert clip.path.with_suffix(".txt").read_text(encoding="utf-8") == clip.transcript + "\n"
        assert clip.transcript in sentences()
    assert clips[0].transcript != clips[1].transcript


def test_two_clips_share_a_speaker_and_the_next_two_another(corpus: dict[str, Path]) -> None:
    assert [clip.speaker for clip in load(corpus["voxceleb"])] == ["voxceleb-0000", "voxceleb-0000"]
    assert write_script("voxceleb", 2, SEED).speaker == "voxceleb-0001"


def test_there_are_over_two_hundred_different_sentences_of_four_to_twelve_words() -> None:
    assert len(set(sentences())) == len(sentences()) >= 200
    assert all(4 <= len(sentence.split()) <= 12 for sentence in sentences())


def test_two_workers_make_the_same_bytes_as_one(corpus: dict[str, Path], tmp_path: Path) -> None:
    make(tmp_path, "voxceleb", clips=2, seed=SEED, workers=2)
    assert digests(tmp_path) == digests(corpus["voxceleb"])


def test_more_clips_later_leave_the_first_ones_alone(corpus: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(corpus["voxceleb"], folder, ignore=shutil.ignore_patterns("voxceleb-0000-1.*"))
    make(folder, "voxceleb", clips=1, seed=SEED)
    assert [clip.key for clip in load(folder)] == ["voxceleb-0000-0"]
    made = (folder / "voxceleb-0000-0.mp4").stat().st_mtime_ns
    make(folder, "voxceleb", clips=2, seed=SEED)
    assert (folder / "voxceleb-0000-0.mp4").stat().st_mtime_ns == made
    assert digests(folder) == digests(corpus["voxceleb"])


def test_another_seed_makes_another_clip() -> None:
    ours, other = (write_script("voxceleb", 0, seed) for seed in (SEED, SEED + 1))
    assert ours.identity != other.identity
    assert ours.transcript != other.transcript


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The indices of the clips that `make` sets out to make; none is made."""
    indices: list[int] = []
    monkeypatch.setattr(corpus_module, "make_clip", lambda flavour, index, seed, folder: indices.append(index))
    return indices


@pytest.mark.parametrize("suffix", [".mp4", ".wav", ".txt", ".json"])
def test_a_clip_that_lost_a_file_is_made_again(
    corpus: dict[str, Path], tmp_path: Path, made: list[int], suffix: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(corpus["voxceleb"], folder)
    (folder / f"voxceleb-0000-1{suffix}").unlink()
    make(folder, "voxceleb", clips=2, seed=SEED)
    assert made == [1]


def test_clips_of_an_older_renderer_are_made_again_and_not_offered(
    corpus: dict[str, Path], tmp_path: Path, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(corpus["fakeavceleb"], folder)
    monkeypatch.setattr(corpus_module, "version", lambda: "another")
    make(folder, "fakeavceleb", clips=1, seed=SEED)
    assert made == [0]
    assert load(folder) == []


def test_a_finished_corpus_is_not_made_again(corpus: dict[str, Path], made: list[int]) -> None:
    make(corpus["hdtf"], "hdtf", clips=1, seed=SEED)
    assert made == []


def test_mistakes_say_how_to_mend_them(corpus: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="Did you mean: voxceleb"):
        make(tmp_path, "voxcelb", clips=1, seed=SEED)
    with pytest.raises(UserMistake, match="1 to 10,000 clips; 0 were asked for"):
        make(tmp_path, "voxceleb", clips=0, seed=SEED)
    with pytest.raises(UserMistake, match="choose another folder"):
        make(corpus["hdtf"], "hdtf", clips=1, seed=SEED + 1)
    with pytest.raises(UserMistake, match="holds no synthetic corpus"):
        load(tmp_path)


def test_the_dataset_plug_in_offers_the_clips_it_was_asked_for(corpus: dict[str, Path]) -> None:
    index = Synthetic(flavour="voxceleb", clips=1, seed=SEED).load(corpus["voxceleb"])
    (sample,) = index.samples
    clip = load(corpus["voxceleb"])[0]
    assert (sample.key, sample.path, sample.speaker) == (clip.key, clip.path, clip.speaker)
    assert (sample.transcript, sample.audio) == (clip.transcript, clip.path.with_suffix(".wav"))


def test_the_dataset_plug_in_keeps_flavours_and_seeds_apart() -> None:
    roots = {Synthetic(flavour=flavour, seed=seed).default_root for flavour in FLAVOURS for seed in (1, 2)}
    assert len(roots) == 2 * len(FLAVOURS)
    with pytest.raises(UserMistake, match="Available: celebvhq"):
        Synthetic(flavour="hdft")
