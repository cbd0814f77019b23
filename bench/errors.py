"""The user's mistakes: one sentence that says what is wrong, where, and how to mend it; exit code 2, no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserMistake(Exception):
    """Something the user can mend; the message is shown as it is."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The 'did you mean' half of a sentence: nearest names first, then all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    close.sort(key=lambda name: sorted(name) != sorted(word))  # swapped letters are the likeliest slip
    hint = f" Did you mean: {', '.join(close)}?" if close else ""
    return f"{hint} Available: {', '.join(names) or 'none'}."
