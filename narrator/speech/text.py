"""English text cleaning: from written to spoken form, as the released speech model was trained with."""

from __future__ import annotations

import re
from collections.abc import Callable

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

# num2words knows no name for these; they are read digit by digit.
_LONG_NUMBER = re.compile(r"\d{60,}")
_GROUPED_NUMBER = re.compile(r"\b\d{1,3}(?:,\d{3})+\b")
_AMOUNT = re.compile(r"([£$€])(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)([£$€])")
_DECIMAL = re.compile(r"\d+\.\d+")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)\b")
_INTEGER = re.compile(r"\d+")
_ABBREVIATION = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\.", re.IGNORECASE)
_SYMBOL = re.compile("|".join(map(re.escape, _SYMBOLS)))
_SPACES = re.compile(r"\s+")


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
    text = _LONG_NUMBER.sub(lambda match: " ".join(match[0]), text)
    spellings: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
        (_GROUPED_NUMBER, lambda match: match[0].replace(",", "")),
        (_AMOUNT, lambda match: _amount(match[2] or match[3], _CURRENCIES[match[1] or match[4]])),
        (_DECIMAL, lambda match: str(num2words(float(match[0])))),
        (_ORDINAL, lambda match: str(num2words(int(match[1]), ordinal=True))),
        (_INTEGER, lambda match: str(num2words(int(match[0])))),
    ]
    for pattern, spell in spellings:
        text = pattern.sub(spell, text)
    return text


def _amount(number: str, currency: str) -> str:
    """Whole amounts are spoken without their zero cents."""
    words = str(num2words(float(number), to="currency", currency=currency))
    return words.rsplit(", ", 1)[0] if float(number).is_integer() else words
