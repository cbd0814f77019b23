"""Texts and voice profiles that cannot be used, and the reasons they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrator.contract import GenerationFailed, Voice
from narrator.prompts import check_voice, speakable_text

RATE = 16_000
HUM = (0.1 * np.sin(2 * np.pi * 120 * np.arange(RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize(
    ("waveform", "rate", "reason"),
    [
        (HUM[:0], RATE, "lasts 0.00 s"),
        (HUM[:5000], RATE, "lasts 0.31 s"),
        (np.where(np.arange(RATE) == 9, np.nan, HUM).astype(np.float32), RATE, "not finite"),
        (np.where(np.arange(RATE) == 9, np.inf, HUM).astype(np.float32), RATE, "not finite"),
        (np.stack([HUM, HUM]), RATE, r"float32 \[2, 16000\]; it must be mono"),
        (np.float32(0.5), RATE, r"float32 \[\]; it must be mono"),
        ((HUM * 32767).astype(np.int16), RATE, "int16 .* floats"),
        (HUM * 32768, RATE, "reaches 3,277, far beyond full scale; divide 16-bit samples by 32768"),
        (HUM * 0, RATE, "silent"),
        (HUM * 1e-3, RATE, "silent"),
        (HUM, 0, "sample rate is 0 Hz"),
        (HUM, -RATE, "sample rate is -16000 Hz"),
        (HUM, 16000.5, "sample rate is 16000.5 Hz"),
        (HUM, True, "sample rate is True"),
        (HUM, 10**9, "sample rate"),
        ([0.1] * 3, RATE, "lasts 0.00 s"),
        (None, RATE, "mono"),
    ],
)
def test_useless_voice_profiles(waveform: Any, rate: Any, reason: str) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        check_voice(Voice(waveform, rate))


@pytest.mark.parametrize("gain", [0.02, 1.0, 9.9, 30.0])
def test_quiet_and_overshooting_voice_profiles_are_taken(gain: float) -> None:
    check_voice(Voice(gain * HUM, RATE))
    check_voice(Voice((gain * HUM).astype(np.float64), np.int64(RATE)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("a\0b\tc\r\nd", "a b c  d"),
        ("\ud800 hi\udfff", "  hi "),
        ("\u202eleft\u200d to\u00ad right\u200f", "left to right"),
        ("e\u0301", "é"),
        ("ʻOkinaʼs 𝐛𝐨𝐥𝐝 ª", "'Okina's bold a"),
        ("“Don’t”—naïve… 😀 5 €", "“Don’t”—naïve… 😀 5 €"),
    ],
)
def test_what_is_left_of_a_text(text: str, spoken: str) -> None:
    assert speakable_text(text) == spoken


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Привет", "English only: it holds 'П'"),
        ("hello 世界", "English only: it holds '世'"),
        ("שלום", "English only"),
        ("mi\u00b5 Ω", "English only"),
        ("x" * 100_000, "100,000 characters; at most 20,000"),
    ],
)
def test_texts_in_other_scripts_and_endless_ones(text: str, reason: str) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        speakable_text(text)


@given(st.text(max_size=60))
def test_any_text_is_plain_or_refused(text: str) -> None:
    try:
        plain = speakable_text(text)
    except GenerationFailed:
        return
    plain.encode()
    assert speakable_text(plain) == plain
