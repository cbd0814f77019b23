"""Sentences of the GRID corpus (Cooke et al. 2006): six words, one from each list, spelt by the clip's name."""

from __future__ import annotations

import re
from pathlib import Path

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(zip("z123456789", _NUMBERS, strict=True)),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
_DIGITS = dict(zip("0123456789", _NUMBERS, strict=True))


def sentence(clip: Path) -> list[str]:
    """The six words that are spoken in a clip, for example lwbsza: lay white by s zero again."""
    name = clip.stem.rpartition("_")[2]
    return [words[letter] for words, letter in zip(_WORDS, name, strict=True)]


def words(text: str) -> list[str]:
    """Words as GRID has them: lower-case, letters and digits that are written together parted, digits spelt out."""
    parts = re.findall(r"[a-z']+|\d", text.lower())
    return [_DIGITS.get(part, part) for part in parts]


def errors(spoken: list[str], heard: list[str]) -> int:
    """Words that were replaced, left out or put in: the edit distance."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(spoken, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
