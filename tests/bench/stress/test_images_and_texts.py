"""Damages to driving images and to texts are what their strengths say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.stress import images, texts
from bench.stress.catalogue import DAMAGES
from bench.stress.damaging import damaged
from narrator.contract import GenerationFailed, Prompt, Voice
from narrator.prompts import speakable_text

TEXT = "The kettle whistled while the morning paper lay unread"


def picture(height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_blur_has_the_sigma_asked_for() -> None:
    point = np.zeros((81, 81, 3), np.uint8)
    point[40, 40] = 255
    spread = images.blurred(np.repeat(np.repeat(point, 1, 0), 1, 1), 1.5)[..., 0].astype(float)
    rows = np.arange(81)[:, None]
    assert np.sqrt((spread * (rows - 40) ** 2).sum() / spread.sum()) == pytest.approx(1.5, abs=0.1)


def test_a_stop_halves_the_light() -> None:
    grey = np.full((2, 2, 3), 188, np.uint8)  # half of the light of white
    assert images.darkened(np.full((2, 2, 3), 255, np.uint8), 1).max() == 188
    assert images.darkened(grey, 1)[0, 0, 0] == pytest.approx(137, abs=1)  # a quarter
    assert np.array_equal(images.darkened(picture(), 0), picture())


def test_small_is_small_and_never_enlarged() -> None:
    assert images.shrunk(picture(), 64).shape == (48, 64, 3)
    assert images.shrunk(picture(), 500).shape == (90, 120, 3)
    assert images.shrunk(picture(4, 400), 16).shape == (2, 16, 3)


def test_a_quarter_turn_is_clockwise() -> None:
    square = picture(60, 60)
    assert np.array_equal(images.turned(square, 90), np.rot90(square, -1))
    assert np.array_equal(images.turned(square, 180), square[::-1, ::-1])
    assert images.turned(picture(), 30).shape == picture().shape


def test_a_person_beside_a_mirror_image() -> None:
    both = images.doubled(picture())
    assert both.shape == (90, 240, 3)
    assert np.array_equal(both[:, :120], both[:, 120:][:, ::-1])


@pytest.mark.parametrize(
    ("name", "strength", "words"), [("text-short", 2.0, 2), ("text-long", 50.0, 50), ("text-long", 4.0, 4)]
)
def test_texts_have_the_length_asked_for(name: str, strength: float, words: int) -> None:
    assert len(made(name, strength).text.split()) == words


@pytest.mark.parametrize("percent", [0.0, 50.0, 100.0])
def test_so_many_words_are_replaced(percent: float) -> None:
    wanted = round(9 * percent / 100)
    numbers = made("text-numbers", percent).text.split()
    assert sum(any(c.isdigit() for c in word) for word in numbers) == wanted
    symbols = made("text-symbols", percent).text.split()
    assert sum(not any(c.isalpha() for c in word) for word in symbols) == wanted
    script = made("text-script", percent).text.split()
    assert sum("а" <= word[0] <= "я" for word in script) == wanted
    assert len(numbers) == len(symbols) == len(script) == 9


def test_another_script_is_refused_by_the_bundled_generators() -> None:
    with pytest.raises(GenerationFailed, match="English only"):
        speakable_text(texts.in_cyrillic(TEXT, 100, 0))


@pytest.mark.parametrize("name", [n for n, d in DAMAGES.items() if d.part != "voice" and n != "image-eyes-closed"])
def test_equal_prompts_are_damaged_alike(name: str) -> None:
    strengths, large = DAMAGES[name].strengths or (None,), picture(160, 200)
    for strength in strengths:
        first, second = made(name, strength), made(name, strength)
        assert (first.text, first.image.tobytes()) == (second.text, second.image.tobytes())
        assert first.image.dtype == np.uint8
        assert (first.text, first.image.shape) != (TEXT, (160, 200, 3)) or not np.array_equal(first.image, large)


@pytest.mark.weights
@pytest.mark.shared
def test_eyes_are_shut_and_faces_gone_or_doubled(shared: Path) -> None:
    """As a network sees it that had no part in it: the iris network's lids, the metrics' own detector."""
    from metrics.video.eye_finder import EyeFinder
    from narrator.face import FaceMesh

    finder = EyeFinder()
    for name in ("nfy_man.jpg", "astronaut.png"):
        portrait = np.asarray(Image.open(shared / "media" / "images" / name).convert("RGB"))
        given = Prompt("a", TEXT, portrait, Voice(np.zeros(9, np.float32), 16000), 1)
        open_eyes = finder.find(portrait)
        shut = finder.find(damaged(given, "image-eyes-closed", None).image)
        assert open_eyes is not None
        assert shut is not None
        assert open_eyes.opening > 0.2
        assert shut.opening < 0.5 * open_eyes.opening
        assert finder.find(damaged(given, "image-no-face", None).image) is None
    from metrics.weights import fetch

    mesh = FaceMesh({name: fetch(name) for name in FaceMesh.weights})
    assert len(mesh._far.find(damaged(given, "image-two-faces", None).image)) == 2
    with pytest.raises(GenerationFailed, match="no face is found"):
        damaged(Prompt("a", TEXT, picture(), given.voice, 1), "image-eyes-closed", None)


def made(name: str, strength: float | None) -> Prompt:
    return damaged(Prompt("a", TEXT, picture(160, 200), Voice(np.zeros(9, np.float32), 16000), 3), name, strength)
