"""Cutting a long text into pieces that the speech model can hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


def pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Cut `text` into the longest pieces that fit, between sentences where possible, else between words.

    Args:
        text: cleaned text; words apart by single spaces.
        fits: whether a piece is short enough; what fits must still fit when cut shorter.

    Raises:
        ValueError: a single word does not fit.

    >>> pieces("one two. three four five six.", lambda piece: len(piece) <= 12)
    ['one two.', 'three four', 'five six.']
    """
    units: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        units.extend([sentence] if fits(sentence) else _packed(sentence.split(), fits))
    return _packed(units, fits)


def _packed(units: Iterable[str], fits: Callable[[str], bool]) -> list[str]:
    """Join neighbouring units as long as they fit together."""
    packed: list[str] = []
    for unit in filter(None, units):
        if packed and fits(f"{packed[-1]} {unit}"):
            packed[-1] += f" {unit}"
        elif fits(unit):
            packed.append(unit)
        else:
            raise ValueError(
                f"The word starting {unit[:20]!r} is too long for the speech model; break it up with spaces."
            )
    return packed
