"""Configurations check themselves: a value of a wrong type or out of range is one sentence where it is built."""

from __future__ import annotations

import dataclasses
import math
import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from metrics.base.hints import nearest


@dataclass(frozen=True)
class Range:
    """Beside a field's type, as in `Annotated[int, Range(1)]`: what its numbers may be, ends included.

    Attributes:
        least: None has no lower end.
        most: None has no upper end.
        above: exclusive lower end, in place of `least`.
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None

    def holds(self, number: float) -> bool:
        return (
            (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
            and (self.above is None or number > self.above)
        )

    def __str__(self) -> str:
        if self.above is not None:
            return f"above {self.above}" + (f" and at most {self.most}" if self.most is not None else "")
        if self.least is not None and self.most is not None:
            return f"from {self.least} to {self.most}"
        return f"of at least {self.least}" if self.least is not None else f"of at most {self.most}"


class Configuration:
    """Base of frozen dataclasses whose fields are checked against their annotations.

    Known are bool, int (of 64 bits), float (a whole number becomes one), str, Literal, None in a union, and classes;
    numbers may carry a `Range`. A subclass that relates fields to each other extends `__post_init__`.
    """

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: a field is of a wrong type or out of its range; the sentence names field, value and range.
        """
        kinds = get_type_hints(type(self), include_extras=True)
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = _checked(field.name, getattr(self, field.name), kinds[field.name])
            object.__setattr__(self, field.name, value)


def _checked(name: str, value: Any, kind: Any) -> Any:
    """The value, a whole number as a float where one is asked for."""
    alternatives = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    for alternative in alternatives:
        if _fits(value, alternative):
            return float(value) if _plain(alternative) is float else value
    words = " or ".join(_described(alternative) for alternative in alternatives)
    choices = [str(choice) for kind in alternatives if get_origin(kind) is Literal for choice in get_args(kind)]
    hint = nearest(value, choices) if choices and isinstance(value, str) else ""
    raise ValueError(f"{name} must be {words}, got {_shown(value)}.{hint.partition(' Available:')[0]}")


def _shown(value: Any) -> str:
    if type(value) is int and abs(value) > _LARGEST:
        return "a number of more than 300 digits"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fits(value: Any, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return any(type(value) is type(choice) and value == choice for choice in get_args(kind))
    plain = _plain(kind)
    if plain is float:
        fits = type(value) in (int, float) and abs(value) <= _LARGEST and math.isfinite(value)
    elif plain is int:
        fits = type(value) is int and abs(value) < 2**63
    elif plain in (bool, str):
        fits = type(value) is plain
    else:
        fits = isinstance(value, plain)
    return fits and all(end.holds(value) for end in _ranges(kind))


def _described(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(kind))
    plain = _plain(kind)
    words = _WORDS.get(plain, f"{'an' if plain.__name__[0] in 'AEIOU' else 'a'} {plain.__name__}")
    return " ".join([words, *map(str, _ranges(kind))])


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _ranges(kind: Any) -> tuple[Range, ...]:
    return tuple(extra for extra in getattr(kind, "__metadata__", ()) if isinstance(extra, Range))


_LARGEST = 1e300
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", type(None): "None"}
