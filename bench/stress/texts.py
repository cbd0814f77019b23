"""Texts as people type them: very short, very long, numbers, symbols, another script."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from narrator.contract import GenerationFailed

_SYMBOLS = ("&", "%", "#", "@", "+", "=", "*", "/", "<", ">", "€", "§", "©", "°", "→", "½")
_CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопкрстувшхыз")
"""Letter by letter: nobody's spelling, but the script alone is what is looked at."""


def shortened(text: str, words: float) -> str:
    """The first words."""
    return " ".join(text.split()[: int(words)])


def lengthened(text: str, words: float) -> str:
    """The text over and over until it has so many words; a longer one is cut.

    Raises:
        GenerationFailed: it has no words.
    """
    if not (spoken := text.split()):
        raise GenerationFailed("the text has no words to repeat")
    count = int(words)
    return " ".join((spoken * (count // len(spoken) + 1))[:count])


def numbered(text: str, percent: float, seed: int) -> str:
    """So many of the words become numbers: whole, with thousands, of decimals, years."""
    generator = np.random.default_rng(seed)

    def number(_: str) -> str:
        kind, value = int(generator.integers(4)), int(generator.integers(1, 10_000))
        return (str(value), f"{1000 * value:,}", f"{value / 100:.2f}", str(1900 + value % 130))[kind]

    return _replaced(text, percent, seed, number)


def symbolised(text: str, percent: float, seed: int) -> str:
    """So many of the words become symbols."""
    generator = np.random.default_rng(seed)
    return _replaced(text, percent, seed, lambda _: _SYMBOLS[int(generator.integers(len(_SYMBOLS)))])


def in_cyrillic(text: str, percent: float, seed: int) -> str:
    """So many of the words are written in Cyrillic letters, letter by letter."""
    return _replaced(text, percent, seed, lambda word: word.lower().translate(_CYRILLIC))


def _replaced(text: str, percent: float, seed: int, replace: Callable[[str], str]) -> str:
    words = text.split()
    order = np.random.default_rng([seed, 1]).permutation(len(words))
    chosen = set(order[: round(len(words) * percent / 100)].tolist())
    return " ".join(replace(word) if place in chosen else word for place, word in enumerate(words))
