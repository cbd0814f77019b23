"""Neural speech: what is spoken, what is refused, and when each phone sounds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from baselines.speech import NeuralSpeech
from narrator.contract import GenerationFailed


@pytest.fixture(scope="module")
def speech() -> NeuralSpeech:
    return NeuralSpeech()


def test_same_seed_same_bytes_also_from_a_fresh_voice(speech: NeuralSpeech) -> None:
    first = speech.say("Let go of the rope.", 5)
    assert first.dtype == np.float32
    assert np.abs(first).max() <= 1.0
    assert first.tobytes() == NeuralSpeech().say("Let go of the rope.", 5).tobytes()
    assert first.tobytes() != speech.say("Let go of the rope.", 6).tobytes()


def test_phones_cover_the_speech_without_gaps(speech: NeuralSpeech) -> None:
    utterance = speech.utter("My puppy barked. Then it slept!", 0)
    phones = utterance.phones
    assert phones[0].start == 0.0
    assert phones[-1].end == pytest.approx(len(utterance.waveform) / speech.sample_rate)
    assert all(phone.end == after.start for phone, after in pairwise(phones))
    assert "".join(phone.symbol for phone in phones).count("p") == 3


def test_phones_are_where_their_sound_is(speech: NeuralSpeech) -> None:
    """Sibilants put their power above 4.5 kHz: the best lag between that and the phones' times is below 15 ms."""
    utterance = speech.utter("She saw six massive fathers hissing at the sharp glass vase.", 0)
    rate, hop = speech.sample_rate, 120
    padded = np.pad(utterance.waveform, hop * 2)
    power = (
        np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, 4 * hop)[::hop] * np.hanning(4 * hop))) ** 2
    )
    high = np.fft.rfftfreq(4 * hop, 1 / rate) > 4500
    hiss = np.log(power[:, high].sum(axis=1) + 1e-7) - np.log(power[:, ~high].sum(axis=1) + 1e-7)
    clock = np.arange(len(hiss)) * hop / rate
    said = np.zeros(len(hiss))
    for phone in utterance.phones:
        if phone.symbol in "sʃz":
            said[(clock >= phone.start) & (clock < phone.end)] = 1.0
    lags = range(-20, 21)
    best = max(lags, key=lambda lag: float(np.corrcoef(np.roll(said, lag), hiss)[0, 1]))
    assert abs(best * hop / rate) <= 0.015
    assert np.corrcoef(np.roll(said, best), hiss)[0, 1] > 0.5


@pytest.mark.parametrize("text", ["", "   \n", "!?...", "😀🎉", "— “ ”"])
def test_nothing_to_say(speech: NeuralSpeech, text: str) -> None:
    with pytest.raises(GenerationFailed, match="nothing that can be pronounced"):
        speech.say(text, 0)


@pytest.mark.parametrize("text", ["Привет", "hello 世界"])
def test_other_scripts_are_refused_not_skipped(speech: NeuralSpeech, text: str) -> None:
    with pytest.raises(GenerationFailed, match="English only"):
        speech.say(text, 0)


def test_endless_word_is_refused(speech: NeuralSpeech) -> None:
    with pytest.raises(GenerationFailed, match="5000 letters"):
        speech.say("x" * 5000, 0)


def test_long_text_without_punctuation_is_spoken_whole(speech: NeuralSpeech) -> None:
    """hibari alone would put all 1,000 words through the network at once."""
    utterance = speech.utter("word " * 1000, 0)
    assert sum(phone.symbol == "ɜ" for phone in utterance.phones) == 1000
    assert 200 < len(utterance.waveform) / speech.sample_rate < 400


def test_markup_of_the_engine_is_plain_text(speech: NeuralSpeech) -> None:
    spoken = speech.utter("Say [cat](/dog/) now.", 0)
    assert "dˈɔɡ" in "".join(phone.symbol for phone in spoken.phones)
    assert "kˈæt" in "".join(phone.symbol for phone in spoken.phones)


@pytest.mark.parametrize("text", ["a\x00b", "tab\tand\r\nlines", "\ud800 hi", "café naïve $3.50 at 7:30", "é" * 3])
def test_odd_text_is_spoken(speech: NeuralSpeech, text: str) -> None:
    waveform = speech.say(text, 0)
    assert len(waveform) > 0.3 * speech.sample_rate
    assert np.isfinite(waveform).all()
