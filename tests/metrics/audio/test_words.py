"""Word errors: counting, normalisation as Whisper's, and what the signature says of the recogniser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reference_goldens import Goldens

from metrics.audio.words import NO_TEXT, WordError, WordErrorConfig, _normaliser, word_edits
from metrics.base.asked import Asked
from metrics.base.metric import Unmeasurable
from metrics.builtin import make

TEXTS: dict[str, str] = Goldens("beyond").records["normalised"]["texts"]
WORDS = st.lists(st.sampled_from(["bin", "blue", "at", "f", "two", "now"]), max_size=6)


def rate(metric: WordError, text: str, heard: str) -> float:
    return float(metric.compare(metric.asked(Asked(text)), {"heard": np.array(heard)})["value"])


@pytest.fixture(scope="module")
def wer() -> WordError:
    return WordError("wer", WordErrorConfig(recogniser="pocketsphinx"))


@pytest.mark.weights
@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_normalised_as_whispers_authors_do(text: str) -> None:
    assert " ".join(_normaliser("english")(text).split()) == TEXTS[text]


@pytest.mark.weights
def test_what_is_spelled_otherwise_is_no_error(wer: WordError) -> None:
    assert rate(wer, "It's the COLOUR twenty-two.", "it is the color 22") == 0
    assert rate(wer, "place white at now", "place white hat") == 0.5
    assert rate(wer, "place white", "") == 1
    assert rate(wer, "stop", "please do stop it now") == 4
    with pytest.raises(Unmeasurable, match="the text that was asked for has no words"):
        rate(wer, "[laughs]", "one")


def test_nobody_said_what_was_asked_for(wer: WordError) -> None:
    with pytest.raises(Unmeasurable, match=r"put NAME\.txt beside"):
        wer.asked(Asked())
    with pytest.raises(Unmeasurable, match="it is not UTF-8"):
        wer.asked(Asked(reasons={"text": "it is not UTF-8"}))
    with pytest.raises(Unmeasurable, match=NO_TEXT[:20]):
        wer.compare({}, {"heard": np.array("one")})


@given(WORDS.filter(bool), WORDS)
def test_edits_are_the_least(text: list[str], heard: list[str]) -> None:
    """Against the textbook's recursion, row by row."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(text, start=1):
        above, row = row, [place]
        for column, other in enumerate(heard, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (word != other)))
    assert word_edits(" ".join(text), " ".join(heard), "word") == (row[-1], len(text))


def test_the_score_is_a_mean_over_clips_and_says_the_rate_over_all_words(wer: WordError) -> None:
    pairs: dict[str, dict[str, Any]] = {
        "a": {"value": np.array(0.5), "edits": np.array(1), "length": np.array(2)},
        "b": {"value": np.array(0.0), "edits": np.array(0), "length": np.array(8)},
    }
    score = wer.score(pairs)
    assert (score.value, score.details["over_all_texts"]) == (0.25, 0.1)


def test_the_signature_names_the_recogniser(wer: WordError) -> None:
    assert 'recogniser:"pocketsphinx: pocketsphinx 5.1.1, en-us"' in wer.signature
    assert wer.config.recogniser == "pocketsphinx"
    cer = WordError("cer", WordErrorConfig("character", recogniser="pocketsphinx"))
    assert cer.statistics_id == wer.statistics_id
    assert cer.signature != wer.signature
    whisper = make("wer")
    assert "whisper-base d01c3014" in whisper.signature
    assert whisper.statistics_id != wer.statistics_id


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"recogniser": "whisperbase"}, r"Unknown recogniser 'whisperbase'\. Did you mean: whisper-base"),
        ({"recogniser": "pocketsphinx", "language": "de"}, "recogniser 'pocketsphinx' takes no language"),
        ({"language": "German"}, "language is 'German'"),
    ],
)
def test_a_recogniser_that_cannot_be_had_is_one_sentence(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make("wer", **options)
