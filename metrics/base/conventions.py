"""Conventions by name: one name is one way to make the number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from metrics.base.hints import nearest

Config = TypeVar("Config")


def convention(name: str, known: Mapping[str, Config]) -> Config:
    """The configuration called `name`; an unknown name is answered with the nearest ones and the list."""
    if name not in known:
        raise ValueError(f"No convention is called {name!r}.{nearest(name, known)}")
    return known[name]


def chosen(name: str, config: Any, known: Mapping[str, Config]) -> Config:
    """The configuration given, or where there is none the convention called `name`.

    Raises:
        TypeError: the configuration is that of another metric.
    """
    if config is None:
        return convention(name, known)
    kind = type(next(iter(known.values())))
    if not isinstance(config, kind):
        raise TypeError(f"{name} is configured by a {kind.__name__}, got {config!r}.")
    return config
