"""Names that a store lists, which may be anything, and which of them can stand below a folder of any disk."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from bench.errors import UserMistake, shown
from bench.paths import MAX_NAME_BYTES, unusable_character


def objection(name: str) -> str | None:
    """Why a name, its parts divided by "/", cannot stand below a folder; None if it can."""
    parts = name.split("/")
    if ".." in parts or name.startswith("/"):
        return "it would leave the folder"
    if "" in parts or "." in parts:
        return "a part of it is empty or '.'"
    if (character := unusable_character(name)) is not None:
        return f"it holds the character {character}"
    if "\\" in name or ":" in parts[0][1:2]:
        return "some systems would read it as another folder's"
    if max(len(part.encode()) for part in parts) > MAX_NAME_BYTES:
        return f"a part of it is longer than {MAX_NAME_BYTES} bytes"
    return None


def refuse_clashes(where: str, names: Iterable[str]) -> None:
    """Names are refused that some disks take for one, or of which one is a folder of the other.

    Raises:
        UserMistake: the first such pair.
    """
    spelled: dict[str, str] = {}
    folders: set[str] = set()
    files = sorted(names)
    for name in files:
        ends = [place for place, letter in enumerate(name) if letter == "/"]
        folders |= {name[:end] for end in ends}
        for part in [*(name[:end] for end in ends), name]:
            other = spelled.setdefault(unicodedata.normalize("NFC", part).casefold(), part)
            if other != part:
                raise UserMistake(
                    f"{where} lists '{shown(other, 80)}' and '{shown(part, 80)}', which some disks take for one: "
                    "rename one."
                )
    if both := sorted(folders.intersection(files)):
        raise UserMistake(f"{where} lists '{shown(both[0], 80)}' as a file and as a folder: rename one.")
