"""Conventions by name: one name is one way to make the number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from metrics.base.hints import nearest

Config = TypeVar("Config")


def convention(name: str, known: Mapping[str, Config]) -> Config:
    """The configuration called `name`; an unknown name is answered with the nearest ones and the list."""
    if name not in known:
        raise ValueError(f"No convention is called {name!r}.{nearest(name, known)}")
    return known[name]
