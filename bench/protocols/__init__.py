"""Protocols that ship: YAML files, each the fields of `bench.study.Protocol` that differ from its defaults."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from bench.errors import UserMistake, shown
from bench.strict_yaml import read_yaml
from metrics.base.hints import nearest


@cache
def shipped() -> tuple[str, ...]:
    """Their names."""
    folder = resources.files("bench") / "protocols"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def fields_of(name: str) -> dict[str, Any]:
    """What a protocol that ships sets.

    Raises:
        UserMistake: none has this name.
    """
    if name not in shipped():
        raise UserMistake(f"no protocol that ships is called '{shown(name, 80)}'.{nearest(name, shipped())}")
    text = (resources.files("bench") / "protocols" / f"{name}.yaml").read_text(encoding="utf-8")
    return dict(read_yaml(text, f"the protocol '{name}'"))
