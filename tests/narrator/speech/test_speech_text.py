"""Text cleaning, cutting into pieces and the bundled vocabulary."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import narrator.speech
from narrator.speech.sentences import pieces
from narrator.speech.text import clean_english, spell
from narrator.speech.tokenizer import BUNDLED_VOCABULARY, LONGEST_PIECE, SpeechTokenizer
from narrator.speech.vocabulary import learn_vocabulary


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Mrs. Jones & Mr. Hill", "misess jones and mister hill"),
        ("$1,250", "one thousand, two hundred and fifty dollars"),
        ("€20.50", "twenty euro, fifty cents"),
        ("3£", "three pounds sterling"),
        ("2.5 km", "two point five km"),
        ("the 21st", "the twenty-first"),
        ('he said "no"', "he said no"),
        ("a  b\n\tc", "a b c"),
        ("user@home 20°", "user at home twenty degree"),
        ("costs.", "costs."),
    ],
)
def test_cleaning(written: str, spoken: str) -> None:
    assert clean_english(written) == spoken


def test_a_number_without_a_name_is_read_digit_by_digit() -> None:
    assert clean_english("1" * 400) == " ".join(["one"] * 400)


@given(st.text(max_size=200))
def test_cleaning_never_fails_and_leaves_single_spaces(text: str) -> None:
    cleaned = clean_english(text)
    assert cleaned == " ".join(cleaned.split())
    assert '"' not in cleaned


@given(st.lists(st.text("abc.!?", min_size=1, max_size=9), max_size=40), st.integers(9, 60))
def test_pieces_keep_every_word_in_order_and_fit(words: list[str], limit: int) -> None:
    text = " ".join(words)
    cut = pieces(text, lambda piece: len(piece) <= limit)
    assert all(len(piece) <= limit for piece in cut)
    assert " ".join(cut).split() == text.split()


def test_pieces_prefer_sentences() -> None:
    text = "one two three. four five. six seven eight nine."
    assert pieces(text, lambda piece: len(piece) <= 27) == ["one two three. four five.", "six seven eight nine."]


def test_a_word_beyond_the_limit_is_named() -> None:
    with pytest.raises(ValueError, match="word starting 'ababababababababab"):
        pieces("ab" * 40, lambda piece: len(piece) <= 30)


def test_long_text_is_cut_below_both_limits() -> None:
    tokenizer = SpeechTokenizer()
    text = "The quick brown fox jumps over the lazy dog, and nobody is surprised. " * 30
    cut = tokenizer.encode_long(text, 60)
    assert max(map(len, cut)) <= 60
    whole = tokenizer.encode_long(text, 10_000)
    assert len(whole) > len(clean_english(text)) // (LONGEST_PIECE + 1)


@pytest.mark.parametrize("text", ["", "   ", '"'])
def test_nothing_to_speak_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="nothing to speak"):
        SpeechTokenizer().encode_long(text, 50)


def test_bundled_vocabulary_is_what_its_sentences_give() -> None:
    sentences = Path(narrator.speech.__file__).with_name("vocabulary_sentences.txt").read_text("utf-8").splitlines()
    learnt = learn_vocabulary(sentences, 256)
    assert learnt.to_str(pretty=True) + "\n" == BUNDLED_VOCABULARY.read_text("utf-8")


def test_bundled_vocabulary_spells_english() -> None:
    tokenizer = SpeechTokenizer()
    assert (tokenizer.size, tokenizer.start, tokenizer.stop) == (256, 4, 0)
    ids = tokenizer.encode("Sphinx of black quartz, judge my vow! Is it (really) 42; or not: zigzag?")
    assert Tokenizer.from_file(str(BUNDLED_VOCABULARY)).token_to_id("[UNK]") not in ids


def test_a_foreign_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"vocab\.json"):
        SpeechTokenizer(tmp_path / "absent.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ValueError, match="not a tokenizer file"):
        SpeechTokenizer(broken)
    other = tmp_path / "other.json"
    other.write_text(learn_vocabulary(["abc"], 20).to_str().replace("[START]", "[BEGIN]"))
    with pytest.raises(ValueError, match=r"lacks \[START\]"):
        SpeechTokenizer(other)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("“Don’t” — he said…", "don't - he said..."),
        ("Café naïve Zoë façade", "cafe naive zoe facade"),
        ("Straße, Łódź, smørrebrød, Þór", "strasse, lodz, smorrebrod, thor"),
        ("ﬁne ＡＢＣ x² 𝐛𝐨𝐥𝐝", "fine abc xtwo bold"),
        ("e\u0301te\u0301", "ete"),
        ("Hi 😀 there™ →you", "hi there you"),
        ("5 € & £3 at 20°", "five € and three pounds sterling at twenty degree"),
    ],
)
def test_signs_and_accents_keep_the_letters_beside_them(written: str, spoken: str) -> None:
    tokenizer = SpeechTokenizer()
    known, unknown = spell(written, tokenizer._alphabet)
    assert known == spoken.replace(" €", "")
    assert unknown == 0
    assert Tokenizer.from_file(str(BUNDLED_VOCABULARY)).token_to_id("[UNK]") not in tokenizer.encode(written)


@pytest.mark.parametrize("text", ["😀🎉", "— “ ”", "!?...", "\u200f\u200b"])
def test_signs_alone_are_nothing_to_speak(text: str) -> None:
    with pytest.raises(ValueError, match="nothing that can be pronounced"):
        SpeechTokenizer().encode_long(text, 50)


def test_letters_that_the_vocabulary_lacks_are_refused_by_their_share() -> None:
    tokenizer = SpeechTokenizer()
    with pytest.raises(ValueError, match="100% of the letters"):
        tokenizer.encode_long("六個中文字啊", 50)
    with pytest.raises(ValueError, match="25% of the letters"):
        tokenizer.encode_long("hello ʒʒ word ʒ", 50)
    assert tokenizer.encode("hello word and more words ʒ") == tokenizer.encode("hello word and more words")


@given(st.from_regex(r"\A[$£€]?\d{1,90}(?:[.,]\d{1,40})?(?:st|th|[$£€%])?\Z"))
def test_numbers_of_any_length_are_read(text: str) -> None:
    assert not any(map(str.isdecimal, clean_english(text)))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$" + "1" * 30, "dollars"),
        ("£12345678901234567890.55", "point five five pounds sterling"),
        ("3.14159265358979323846", "three point one four one five nine two six five three five eight nine seven nine"),
    ],
)
def test_long_amounts_and_decimals_are_exact(written: str, spoken: str) -> None:
    assert spoken in clean_english(written)
