"""Traces: what the gallery shows of a clip's sound, motion and mouth."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.run.traces import picture
from bench.scoring.trace import BANDS, COLUMNS, HIGHEST, Trace
from metrics.base.metric import Statistics

RATE = 16000


def heard(waveform: NDArray[np.float64], rate: int = RATE) -> NDArray[np.uint8]:
    observer = Trace("audio").observe()
    observer.waveform(waveform.astype(np.float32), rate)
    return observer.finish()()["spectrogram"].astype(np.uint8)


def watched(*chunks: NDArray[np.uint8]) -> Statistics:
    observer = Trace("video").observe()
    for chunk in chunks:
        observer.frames(chunk)
    return observer.finish()()


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("tone", [500.0, 3000.0])
def test_a_tone_lies_at_its_height(tone: float, rate: int) -> None:
    levels = heard(np.sin(2 * np.pi * tone * np.arange(2 * rate) / rate), rate)
    assert levels.shape[0] == BANDS
    loudest = BANDS - 1 - int(levels.mean(axis=1).argmax())
    assert abs(loudest - tone / HIGHEST * BANDS) <= 1
    assert levels.max() > 240


def test_silence_is_black_and_a_long_clip_is_no_wider() -> None:
    assert not heard(np.zeros(RATE)).any()
    assert COLUMNS - 2 < heard(np.zeros(300 * RATE)).shape[1] <= COLUMNS
    assert heard(np.zeros(10)).shape == (BANDS, 0)


def test_all_of_a_long_clip_is_pictured() -> None:
    sound = np.sin(2 * np.pi * 1000 * np.arange(60 * RATE) / RATE)
    sound[: 45 * RATE] = 0
    loudest = heard(sound).max(axis=0)
    assert not loudest[: COLUMNS * 74 // 100].any()
    assert loudest[COLUMNS * 76 // 100 :].min() > 240


def test_half_as_loud_is_six_decibels_darker() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    full, half = heard(tone).max(), heard(tone / 2).max()
    assert abs(int(full) - int(half) - 255 * 6.02 / 70) <= 1


def test_motion_is_the_change_of_brightness_however_the_clip_is_cut() -> None:
    levels = np.array([10, 10, 30, 25, 25], np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (5, 32, 32, 3)).copy()
    whole = watched(frames)["motion"]
    np.testing.assert_allclose(whole, [0, 0, 20, 5, 0], atol=1)
    np.testing.assert_array_equal(watched(frames[:2], frames[2:])["motion"], whole)


def test_the_picture_holds_what_it_is_given() -> None:
    levels = np.arange(BANDS * 40, dtype=np.uint8).reshape(BANDS, 40)
    text = picture({"spectrogram": levels, "motion": np.array([0.0, 9.0, np.nan]), "opening": np.linspace(0, 0.3, 7)})
    root = ElementTree.fromstring(text)
    tags = [element.tag.rpartition("}")[2] for element in root]
    assert tags == ["image", "polyline", "polyline"]
    content = re.search(r"base64,([^\"]+)", text)
    assert content is not None
    image = Image.open(io.BytesIO(base64.b64decode(content[1])))
    np.testing.assert_array_equal(np.asarray(image), levels)
    assert [len(element.attrib["points"].split()) for element in root[1:]] == [3, 7]
    assert "nan" not in text
