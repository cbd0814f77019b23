"""English text: from written to spoken form, as the released model was trained with, in its vocabulary's letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Set

from num2words import num2words

_ABBREVIATIONS = {
    "mrs": "misess",  # the spelling that the released model learnt
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
}
_SYMBOLS = {"&": "and", "@": "at", "%": "percent", "#": "hash", "$": "dollar", "£": "pound", "°": "degree"}
_CURRENCIES = {"£": "GBP", "$": "USD", "€": "EUR"}
_CURRENCY_NAMES = {"GBP": "pounds sterling", "USD": "dollars", "EUR": "euro"}

_ASCII = str.maketrans(
    dict.fromkeys("‘’‚‛‹›′", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–−", "-")
    | dict.fromkeys("—―", " - ")
    | {"…": "...", "⁄": "/", "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"}
    | {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"}
)
"""What Unicode does not take apart: typographic signs, and Latin letters that are no accented ones."""

# num2words knows no name for these; they are read digit by digit.
_LONG_NUMBER = re.compile(r"\d{60,}")
_NAMED_DIGITS = 15
"""Amounts and decimals of more digits are not exact as floats."""
_GROUPED_NUMBER = re.compile(r"\b\d{1,3}(?:,\d{3})+\b")
_AMOUNT = re.compile(r"([£$€])(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)([£$€])")
_DECIMAL = re.compile(r"\d+\.\d+")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)\b")
_INTEGER = re.compile(r"\d+")
_ABBREVIATION = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\.", re.IGNORECASE)
_SYMBOL = re.compile("|".join(map(re.escape, _SYMBOLS)))
_SPACES = re.compile(r"\s+")


def spell(text: str, alphabet: Set[str]) -> tuple[str, float]:
    """Cleaned text in the letters of a vocabulary, and the share of its letters and digits that had to be left out.

    Signs and accents that the alphabet lacks are written in ASCII first; other signs become blanks.

    >>> spell("“Café”—naïve…", frozenset("abcdefghijklmnopqrstuvwxyz-."))
    ('cafe - naive...', 0.0)
    """
    cleaned = clean_english("".join(_in_alphabet(character, alphabet) for character in text))
    counted = [character in alphabet for character in cleaned if character.isalnum()]
    known = "".join(character if character in alphabet else "" if character.isalnum() else " " for character in cleaned)
    return _SPACES.sub(" ", known).strip(), counted.count(False) / max(1, len(counted))


def _in_alphabet(character: str, alphabet: Set[str]) -> str:
    """The character, or what it is in ASCII."""
    if character.isascii() or character.lower() in alphabet or character in _SYMBOLS or character in _CURRENCIES:
        return character
    plain = character.translate(_ASCII)
    if plain != character:
        return plain
    parts = unicodedata.normalize("NFKD", character) if character.isalnum() else character
    return "".join(part for part in parts if not unicodedata.combining(part)).translate(_ASCII)


def clean_english(text: str) -> str:
    """Lower-case `text` and spell out its numbers, amounts, abbreviations and symbols.

    >>> clean_english("Dr. Smith paid $20.50 & left 14% on the 3rd.")
    'doctor smith paid twenty dollars, fifty cents and left fourteen percent on the third.'
    """
    text = text.replace('"', "").lower()
    text = _spell_numbers(text)
    text = _ABBREVIATION.sub(lambda match: _ABBREVIATIONS[match[1]], text)
    text = _SYMBOL.sub(lambda match: f" {_SYMBOLS[match[0]]} ", text)
    return _SPACES.sub(" ", text).strip()


def _spell_numbers(text: str) -> str:
    spellings: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
        (_GROUPED_NUMBER, lambda match: match[0].replace(",", "")),
        (_AMOUNT, lambda match: _amount(match[2] or match[3], _CURRENCIES[match[1] or match[4]])),
        (_DECIMAL, lambda match: _decimal(match[0])),
        (_ORDINAL, lambda match: str(num2words(int(match[1]), ordinal=True))),
        (_LONG_NUMBER, lambda match: " ".join(match[0])),
        (_INTEGER, lambda match: str(num2words(int(match[0])))),
    ]
    for pattern, spell_out in spellings:
        text = pattern.sub(spell_out, text)
    return text


def _decimal(number: str) -> str:
    """Exact as a float, or its digits one by one after the point."""
    whole, _, part = number.partition(".")
    if len(whole) + len(part) <= _NAMED_DIGITS:
        return str(num2words(float(number)))
    return f"{whole} point {' '.join(part)}"


def _amount(number: str, currency: str) -> str:
    """Whole amounts are spoken without their zero cents; of long ones the number and the currency's name."""
    if len(number) > _NAMED_DIGITS:
        return f"{number} {_CURRENCY_NAMES[currency]}"
    words = str(num2words(float(number), to="currency", currency=currency))
    return words.rsplit(", ", 1)[0] if float(number).is_integer() else words
