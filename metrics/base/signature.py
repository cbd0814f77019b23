"""Signatures: how a number was made, derived from a metric's configuration and weights and never typed by hand.

The idea is sacrebleu's. There the fields are picked by hand and one was forgotten, so that two different scores carry
one signature (mjpost/sacrebleu issue 251); here every field of the frozen configuration is taken.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import importlib.metadata
import json
import math
from collections.abc import Mapping
from typing import Any

from metrics.base.source_hash import source_hash

_REDUCTION = "reduction"


def reduction_field(default: Any) -> Any:
    """A configuration field that changes how clips reduce to a score but not the statistics of one clip.

    Metrics that differ only in such fields share the per-clip cache. A field is part of the statistics unless it is
    declared with this function, so forgetting it costs time and never correctness.
    """
    return dataclasses.field(default=default, metadata={_REDUCTION: True})


def signature(name: str, config: Any, weights: Mapping[str, str]) -> str:
    """`name|field:value|...|weights:name@sha256|version:...`, every field of `config` in its order.

    Args:
        name: the metric's registry name.
        config: an instance of a frozen dataclass.
        weights: sha256 of each weight file the metric uses, by the file's name.

    Raises:
        TypeError: `config` is no frozen dataclass, or a field holds what has no lasting text form.
    """
    parts = [name, *_fields(config, dataclasses.fields(_checked(config)))]
    parts += [f"weights:{file}@{digest[:12]}" for file, digest in sorted(weights.items())]
    return "|".join([*parts, f"version:{_version()}"])


@functools.cache
def _version() -> str:
    """Of this package; read from the disk once, for every task of a run asks."""
    return importlib.metadata.version("narrator-bench")


def statistics_id(kind: str, config: Any, weights: Mapping[str, str], module: str = __name__) -> str:
    """Identifies per-clip statistics: `kind-` and 16 hex digits over all but the reduction fields of `config`.

    The digits also stand for the code of this package and of the metric's own: a change to either voids what was
    cached, see `metrics.base.source_hash`.

    Args:
        kind: what the statistics are, for example "inception"; metrics that share statistics share the kind.
        config: an instance of a frozen dataclass.
        weights: sha256 of each weight file the metric uses, by the file's name.
        module: the one that the metric is defined in.
    """
    fields = tuple(field for field in dataclasses.fields(_checked(config)) if not field.metadata.get(_REDUCTION))
    parts = [kind, *_fields(config, fields), *(f"{file}@{digest}" for file, digest in sorted(weights.items()))]
    parts += sorted({source_hash(module) for module in ("metrics", module)})
    return f"{kind}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


def _checked(config: Any) -> Any:
    if not dataclasses.is_dataclass(config) or isinstance(config, type):
        raise TypeError(f"A metric's configuration must be an instance of a dataclass, got {config!r}.")
    if not type(config).__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise TypeError(f"{type(config).__name__} must be a frozen dataclass, or its signature could change later.")
    return config


def _fields(config: Any, fields: tuple[dataclasses.Field[Any], ...]) -> list[str]:
    return [f"{field.name}:{_text(getattr(config, field.name))}" for field in fields]


def _text(value: Any) -> str:
    """A text that is different for different values, and readable."""
    if isinstance(value, enum.Enum):
        return _text(value.value)
    if value is None or isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"A configuration field must be finite, got {value}.")
        return repr(value)
    if isinstance(value, str):
        plain = value and all(character.isalnum() or character in "-_./" for character in value)
        ambiguous = value[:1].isdigit() or value in ("None", "True", "False")
        return value if plain and not ambiguous else json.dumps(value).replace("|", "\\u007c")
    if isinstance(value, tuple):
        return "(" + ",".join(_text(item) for item in value) + ")"
    if dataclasses.is_dataclass(value):
        return type(value).__name__ + "{" + ",".join(_fields(_checked(value), dataclasses.fields(value))) + "}"
    raise TypeError(f"A configuration field cannot hold a {type(value).__name__}: {value!r}.")
