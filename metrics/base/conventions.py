"""Conventions by name: one name is one way to make the number."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

Config = TypeVar("Config")


def convention(name: str, known: Mapping[str, Config]) -> Config:
    """The configuration called `name`; an unknown name is answered with the nearest one and the list."""
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ValueError(f"No convention is called {name!r}; {hint}Known: {', '.join(known)}.")
