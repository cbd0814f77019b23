"""Paths as people write them: `~` is read, and what no file system can hold is the user's mistake, not a crash."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from bench.errors import UserMistake, shown, without_secrets

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 4095


def unusable_character(text: str, allowed: str = "") -> str | None:
    """The first control character or half of a surrogate pair by its code point, None if there is none."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
            return f"U+{ord(character):04X}"
    return None


def scheme_of(text: str) -> str | None:
    """The scheme of an address such as s3://bucket/clips; None for a path."""
    found = re.match(r"([a-z][a-z0-9+.-]+)://", text, re.IGNORECASE)
    return found[1] if found else None


def written_path(text: str, what: str, instead: str = "name a local path, see docs/scale.md") -> Path:
    """The path that a text names, relative or absolute.

    Args:
        what: the path's role, as the sentence of a mistake begins with it, for example "--out".
        instead: what to do where it is an address.

    Raises:
        UserMistake: no file system can hold such a path, it is an address like s3://, or `~user` is nobody here.
    """
    if not text.strip():
        raise UserMistake(f"{what} is empty: name a path, '.' for the current folder.")
    if (scheme := scheme_of(text)) is not None:
        address = shown(without_secrets(text), 80)
        raise UserMistake(f"{what} '{address}' is an address ({scheme}), not a folder of a file system: {instead}.")
    if (character := unusable_character(text)) is not None:
        raise UserMistake(f"{what} '{shown(text, 80)}' holds the character {character}, which no path of ours does.")
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise UserMistake(f"{what} '{shown(text, 80)}' names the home of a user who is not known here.") from error
    longest = max((len(part.encode()) for part in path.parts), default=0)
    if longest > MAX_NAME_BYTES or len(str(path).encode()) > MAX_PATH_BYTES:
        raise UserMistake(f"{what} '{shown(text, 80)}' is too long: a name may have {MAX_NAME_BYTES} bytes.")
    return path
