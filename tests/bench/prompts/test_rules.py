"""The choices by which prompts are made: each does what it says, and what it could not find is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.datasets.dataset import DatasetIndex, Sample
from bench.datasets.voxceleb import VoxCeleb
from bench.media.clip import Decoding, first_frame, frames
from bench.media.writing import write_clip
from bench.prompts.image import find_image
from bench.prompts.prompt import build_prompt
from bench.prompts.refusal import NoPrompt
from bench.prompts.rules import PromptRules, VoiceRule
from bench.prompts.text import find_text
from bench.prompts.voice import find_voice, not_another_clip

DECODING = Decoding()


def tone(pitch: float, seconds: float = 1.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * 16000)) / 16000)).astype(np.float32)


@pytest.fixture
def index(tmp_path: Path) -> DatasetIndex:
    """Two clips of one speaker and the only one of another."""
    for name, pitch in (("id00001/aaaaaaaaaaa/a", 200), ("id00001/aaaaaaaaaaa/b", 300), ("id00002/bbbbbbbbbbb/c", 400)):
        path = tmp_path / "mp4" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, [np.full((25, 32, 32, 3), 90, np.uint8)], 25.0, tone(pitch), 16000)
        path.with_suffix(".txt").write_text('Well, I - said: "no"; it\'s a co-op!\n', encoding="utf-8")
    return VoxCeleb().load(tmp_path)


@pytest.mark.parametrize(
    ("rule", "pitches", "missed"),
    [
        ("another-clip", (300, 200, None), ("", "", "its speaker has no other clip")),
        ("other-half", (None, None, None), ("", "", "")),
        ("same-clip", (200, 300, 400), ("", "", "")),
    ],
)
def test_each_voice_rule_takes_what_it_says(
    index: DatasetIndex, rule: VoiceRule, pitches: tuple[float | None, ...], missed: tuple[str, ...]
) -> None:
    """A pitch of None is the second half of the clip itself."""
    for sample, pitch, own, reason in zip(index.samples, pitches, (200, 300, 400), missed, strict=True):
        voice, source = find_voice(sample, index, DECODING, rule)
        expected = tone(own)[8000:] if pitch is None else tone(pitch)
        assert np.array_equal(voice.waveform, expected)
        assert (not_another_clip(sample, index, rule, source) or "") == reason


def test_only_another_clip_refuses_the_clip_itself(index: DatasetIndex) -> None:
    assert find_voice(index.samples[0], index, DECODING, "only-another-clip")[1].startswith("clip ")
    with pytest.raises(NoPrompt, match="its speaker has no other clip"):
        find_voice(index.samples[2], index, DECODING, "only-another-clip")
    unknown = Sample("x", index.samples[2].path, "none")
    with pytest.raises(NoPrompt, match="its speaker is unknown"):
        find_voice(unknown, index, DECODING, "only-another-clip")


def test_the_papers_text_rule(index: DatasetIndex, tmp_path: Path) -> None:
    """NarratingForYou@906a7d4, preprocess.py: `, ? . ! - ; : "` removed, upper-cased, blanks collapsed."""
    plain = find_text(index.samples[0], tmp_path, DECODING, tmp_path)[0]
    paper = find_text(index.samples[0], tmp_path, DECODING, tmp_path, PromptRules(text="paper"))[0]
    assert plain == 'Well, I - said: "no"; it\'s a co-op!'
    assert paper == "WELL I SAID NO IT'S A COOP"


def test_without_a_recogniser_only_written_words_count(index: DatasetIndex, tmp_path: Path) -> None:
    rules = PromptRules(transcripts="none")
    assert find_text(index.samples[0], tmp_path, DECODING, tmp_path, rules)[0]
    index.samples[0].path.with_suffix(".txt").unlink()
    with pytest.raises(NoPrompt, match="the protocol allows no recogniser"):
        find_text(index.samples[0], tmp_path, DECODING, tmp_path, rules)


@pytest.mark.shared
@pytest.mark.weights
def test_open_eyes_pass_over_a_blink(shared: Path, tmp_path: Path) -> None:
    """Frames 3 to 6 of this clip show a blink; a clip that begins there is driven by the first frame after it."""
    source = shared / "media/real/latentsync_demo1_video.mp4"
    pictures = np.concatenate(list(frames(source, Decoding(max_seconds=0.4))))[3:]
    blinking = tmp_path / "blinking.mp4"
    write_clip(blinking, [pictures], 25.0, tone(200), 16000, crf=0)
    image, told = find_image(Sample("a", blinking, "none"), DECODING, "open-eyes")
    assert told == "frame 4, at 0.16 s, the first with open eyes"
    assert np.abs(image.astype(int) - pictures[4]).mean() < 3
    write_clip(blinking, [pictures[:2]], 25.0, tone(200), 16000, crf=0)
    image, told = find_image(Sample("a", blinking, "none"), DECODING, "open-eyes")
    assert told == "frame at t = 0 (no frame shows a face with open eyes)"
    assert np.array_equal(image, first_frame(blinking))


def test_the_picture_kept_for_a_clip_goes_first(index: DatasetIndex, tmp_path: Path) -> None:
    from PIL import Image

    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    (tmp_path / "images").mkdir()
    Image.fromarray(picture).save(tmp_path / "images/a.png")
    kept = Sample("a", index.samples[0].path, "none", image=tmp_path / "images/a.png")
    prompt, told = build_prompt(kept, index, 0, DECODING, tmp_path, PromptRules(image="open-eyes"))
    assert told.image == "images/a.png"
    assert np.array_equal(prompt.image, picture)


def test_what_a_rule_missed_stands_in_the_provenance(index: DatasetIndex, tmp_path: Path) -> None:
    prompt, source = build_prompt(index.samples[2], index, 0, DECODING, tmp_path, PromptRules())
    assert source.missed == ("its speaker has no other clip",)
    assert np.array_equal(prompt.voice.waveform, tone(400)[8000:])
