"""Every field of the video metrics' configurations is in their signatures."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest

from metrics.base.signature import signature, statistics_id
from metrics.video import fid, fvd


def other_value(config: Any, field: str) -> Any:
    """A legal value that the field does not have."""
    value, hint = getattr(config, field), typing.get_type_hints(type(config))[field]
    if typing.get_origin(hint) is typing.Literal:
        return next(choice for choice in typing.get_args(hint) if choice != value)
    return value - 1 if value else value + 1


@pytest.mark.parametrize("name", [*fid.CONVENTIONS, *fvd.CONVENTIONS])
def test_each_field_counts(name: str) -> None:
    config: Any = {**fid.CONVENTIONS, **fvd.CONVENTIONS}[name]
    for field in dataclasses.fields(config):
        if field.name == "frames":
            changed = dataclasses.replace(config, frames=17)
        elif field.name == "stride":
            changed = dataclasses.replace(config, stride=2)
        else:
            changed = dataclasses.replace(config, **{field.name: other_value(config, field.name)})
        assert signature(name, changed, {}) != signature(name, config, {})
        shared = statistics_id("kind", changed, {}) == statistics_id("kind", config, {})
        assert shared == (field.name == "ddof")
