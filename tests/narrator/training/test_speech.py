"""The stage of speech: its guidance looks at the word that is being spoken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import wavfile
from support.spoken_clips import RATE, write_clips

from narrator.presets import bundled
from narrator.speech.mel import VOICE_RATE
from narrator.speech.tokenizer import SpeechTokenizer
from narrator.training.codes import FRAMES, CodesSettings, CodesStage, SpeechCodes
from narrator.training.speech import SpeechSettings, SpeechStage
from narrator.training.stage import Materials
from narrator.training.utterances import read_utterances

_LETTER = 0.08
"""Seconds of a letter in the clips."""
_BEFORE = 0.5
"""Seconds of silence put in front of them."""
_NARROW = CodesSettings(steps=0, width=16)


def stage(folder: Path, cache: str) -> SpeechStage:
    config = bundled()
    torch.manual_seed(0)
    codes = SpeechCodes(_NARROW.levels, _NARROW.width).state_dict()
    materials = Materials(
        replace(config), folder / "data", 1, {CodesStage.name: codes}, {CodesStage.name: "1"}, folder / cache
    )
    return SpeechStage(materials, SpeechSettings(steps=1, batch=6, voice_frames=16, codes=_NARROW))


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Clips with silence before the speech, and with their phones."""
    for path in sorted(write_clips(tmp_path / "data").glob("*.wav")):
        _, samples = wavfile.read(path)
        wavfile.write(path, RATE, np.concatenate([np.zeros(round(_BEFORE * RATE), np.int16), samples]))
        text = path.with_suffix(".txt").read_text("utf-8").strip()
        phones = [[letter, _BEFORE + at * _LETTER, _BEFORE + (at + 1) * _LETTER] for at, letter in enumerate(text)]
        path.with_suffix(".phones.json").write_text(json.dumps(phones), "utf-8")
    return tmp_path


def test_each_code_is_guided_to_the_word_that_it_says(clips: Path) -> None:
    built, tokenizer = stage(clips, "cache"), SpeechTokenizer()
    batch = built.batch(0)
    checked = 0
    utterances = {tuple(tokenizer.encode(one.text)): one for one in read_utterances(clips / "data")}
    for ids, places, length in zip(batch["text"], batch["spoken"], batch["code_length"], strict=True):
        row = [int(one) for one in ids]
        tokens = row[1 : row.index(tokenizer.stop, 1)]
        utterance = utterances[tuple(tokens)]
        begins = utterance.heard(VOICE_RATE)[1]
        assert begins > 0.3
        for code in range(int(length)):
            second = begins + FRAMES * (code + 0.5) * 256 / VOICE_RATE
            letter = (second - _BEFORE) / _LETTER
            near = utterance.text[max(0, int(letter)) : int(letter + 0.5) + 1]  # up to three mel frames later, by phase
            if letter < 0 or letter + 0.5 >= len(utterance.text) or " " in near:
                continue
            word = utterance.text[: int(letter)].count(" ")
            assert row[: int(places[code])].count(tokenizer.space) == word
            checked += 1
    assert checked > 40
    assert batch["spoken_width"].tolist() == pytest.approx([1.2] * 6)


def test_without_phones_a_steady_speaker_is_assumed(clips: Path) -> None:
    for path in (clips / "data").glob("*.phones.json"):
        path.unlink()
    batch = stage(clips, "cache").batch(0)
    for places, length, text in zip(batch["spoken"], batch["code_length"], batch["text_length"], strict=True):
        steps = places[: int(length)].diff()
        torch.testing.assert_close(steps, torch.full_like(steps, float(text / length)))
    assert min(batch["spoken_width"].tolist()) > 1.0


def test_phones_of_other_words_are_not_followed(clips: Path) -> None:
    for path in (clips / "data").glob("*.phones.json"):
        path.write_text(json.dumps([["a", 0.5, 0.6], [" ", 0.6, 0.7], ["b", 0.7, 0.8]]), "utf-8")
    assert min(stage(clips, "cache").batch(0)["spoken_width"].tolist()) > 1.3
