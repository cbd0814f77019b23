"""The half of an error's sentence that helps with a misspelt name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest names first, then all of them: " Did you mean: fid? Available: fad, fid, fvd."."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    close.sort(key=lambda name: sorted(name) != sorted(word))  # swapped letters are the likeliest slip
    hint = f" Did you mean: {', '.join(close)}?" if close else ""
    return f"{hint} Available: {', '.join(names) or 'none'}."
