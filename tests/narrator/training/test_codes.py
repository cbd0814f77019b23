"""Speech codes: rounding, its gradient, and that a spectrogram comes back as codes of few bits allow."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.spoken_clips import write_clips

from narrator.presets import NarratorConfig, bundled
from narrator.speech.mel import VOICE_RATE, voice_mel
from narrator.training.codes import FRAMES, CodesSettings, CodesStage, ScalarQuantiser, SpeechCodes, mels
from narrator.training.errors import TrainingError
from narrator.training.stage import Materials
from narrator.training.utterances import read_utterances

LEVELS = st.lists(st.integers(2, 9), min_size=1, max_size=4).map(tuple)


@given(LEVELS, st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_codes_and_numbers_are_the_same(levels: tuple[int, ...], seed: int) -> None:
    quantiser = ScalarQuantiser(levels)
    every = torch.arange(quantiser.count)
    numbers = quantiser.numbers(every)
    assert len({tuple(row.tolist()) for row in numbers}) == quantiser.count
    assert numbers.abs().max() <= 1
    x = 3 * torch.randn(50, len(levels), generator=torch.Generator().manual_seed(seed))
    rounded, codes = quantiser(x)
    assert codes.min() >= 0
    assert codes.max() < quantiser.count
    torch.testing.assert_close(quantiser.numbers(codes), rounded)
    # To the nearest level: no further than half a step from what was rounded.
    step = 2 / (torch.tensor(levels) - 1)
    assert ((rounded - torch.tanh(x)).abs() <= step / 2 + 1e-5).all()


def test_gradients_pass_the_rounding() -> None:
    x = torch.zeros(3, 2, requires_grad=True)
    ScalarQuantiser((8, 5))(x)[0].sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.ones(3, 2))  # of tanh at 0


def materials(data: Path, folder: Path, config: NarratorConfig | None = None) -> Materials:
    return Materials(config or bundled(), data, 3, {}, {}, folder / "cache")


def test_codes_last_as_long_as_the_sound(tmp_path: Path) -> None:
    utterances = read_utterances(write_clips(tmp_path / "data", 2))
    table = mels(tmp_path, utterances)
    mel = torch.from_numpy(table[1].astype("float32").T)[None]
    torch.testing.assert_close(mel, voice_mel(utterances[1].speech(VOICE_RATE)[None]), atol=0.01, rtol=1e-3)
    codes = SpeechCodes((4, 4), 16).eval()
    found = codes.encode(mel)
    assert found.shape == (1, mel.shape[2] // FRAMES)
    assert codes.decode(found, mel.mean(-1, keepdim=True)).shape == (1, 80, FRAMES * found.shape[1])
    # A louder voice shifts the log spectrogram; codes do not say how loud it is.
    assert torch.equal(codes.encode(mel + 1.0), found)


def test_levels_must_make_the_codes_of_the_speech_model(tmp_path: Path) -> None:
    data = write_clips(tmp_path / "data", 2)
    with pytest.raises(TrainingError, match=r"levels \[8, 8\], 64 codes, and the speech model of the preset 512"):
        CodesStage(materials(data, tmp_path), CodesSettings(steps=1, levels=(8, 8)))
    config = bundled()
    config = dataclasses.replace(
        config, speech=dataclasses.replace(config.speech, gpt=dataclasses.replace(config.speech.gpt, codes=66))
    )
    CodesStage(materials(data, tmp_path, config), CodesSettings(steps=1, levels=(8, 8), width=8))


def test_batches_depend_on_seed_and_step_alone(tmp_path: Path) -> None:
    data = write_clips(tmp_path / "data", 4)
    asked = CodesSettings(steps=1, batch=3, frames=32, width=8)
    first, second = (CodesStage(materials(data, tmp_path), asked) for _ in range(2))
    second.batch(0)
    assert torch.equal(first.batch(5)["mel"], second.batch(5)["mel"])
    assert not torch.equal(first.batch(4)["mel"], first.batch(5)["mel"])
    assert first.batch(5)["mel"].shape == (3, 80, 32)
