"""Text as it may stand in any report: what it holds is seen, never obeyed."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Format characters that ordinary writing and emoji need."""

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")


def visible(text: str) -> str:
    """On one line; control characters, direction marks and halves of surrogate pairs by their code points."""
    return "".join(_visible(character) for character in " ".join(text.split()))


def harmless(text: str) -> str:
    """As `visible`, and no formula where a spreadsheet reads it."""
    text = visible(text)
    return f"'{text}" if _FORMULA.match(text) else text


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and character not in _JOINERS
    return f"[U+{ord(character):04X}]" if hidden else character
