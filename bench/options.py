"""Which options a plug-in takes, read from its signature, and whether those that a study gives are among them."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from bench.errors import UserMistake, in_words, shown
from metrics.base.hints import nearest

GIVEN = frozenset({"weight_paths", "study_folder"})
"""Parameters of generators that the harness fills; no study sets them."""


@dataclass(frozen=True)
class Options:
    """What a factory can be told.

    Attributes:
        types: the annotation of each option by name, `Any` where there is none.
        required: names without a default.
        known: whether these are all; a factory that passes `**options` on without saying which takes unknown names.
        config: the configuration that the fields among the options change, where the factory takes it whole.
    """

    types: Mapping[str, Any]
    required: frozenset[str] = frozenset()
    known: bool = True
    config: Any = None

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What to call the factory with."""
        if self.config is None:
            return dict(given)
        fields = {name: value for name, value in given.items() if name in _fields(self.config)}
        others = {name: value for name, value in given.items() if name not in fields}
        return {**others, "config": dataclasses.replace(self.config, **fields)} if fields else others


def options_of(factory: Callable[..., Any]) -> Options:
    """The options of a factory.

    They are the parameters of its signature, the fields of a metric's frozen configuration, and what an attribute
    `options` of the factory names: the way for a factory that takes `**options` to say which.
    """
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return Options({}, known=False)
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    hints = _hints(factory.__init__ if inspect.isclass(factory) else factory)
    types = {parameter.name: hints.get(parameter.name, Any) for parameter in named}
    required = frozenset(parameter.name for parameter in named if parameter.default is parameter.empty)
    if inspect.isclass(factory) and _is_metric(factory):
        config = _default_config(factory) if "config" in types else None
        types = {name: hint for name, hint in types.items() if name not in ("name", "config")} | _fields(config)
        return Options(types, required, config=config)
    told = getattr(factory, "options", None)
    if takes_any and not named:  # as the metrics of this package: the options change its configuration
        types = _fields(_default_config(factory))
    if told is not None:
        return Options({**dict.fromkeys(told, Any), **types}, required)
    return Options(types, required, known=not takes_any or (bool(types) and not named))


def checked(what: str, options: Options, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the types that the plug-in asks for, a list as a tuple where it wants one.

    Args:
        what: the plug-in as a sentence begins with it, for example "The metric 'fid'".

    Raises:
        UserMistake: a name that the plug-in does not know, a required option left out, or a value of another type.
    """
    for name in given:
        if options.known and name not in options.types:
            raise unknown_option(what, name, options)
    for name in sorted(options.required - given.keys()):
        raise UserMistake(f"{what} needs the option '{name}'.")
    return {
        name: value if name in GIVEN else _typed(what, name, value, options.types.get(name, Any))
        for name, value in given.items()
    }


def unknown_option(what: str, name: str, options: Options) -> UserMistake:
    """The mistake of an option that a plug-in does not have."""
    return UserMistake(f"{what} has no option '{name}'.{nearest(name, options.types.keys() - GIVEN)}")


def _typed(what: str, name: str, value: Any, hint: Any) -> Any:
    """The value as a strict reader of JSON takes it: no text or boolean for a number, a list for a tuple."""
    try:
        adapter = TypeAdapter(hint)
        written = json.dumps(value)
    except (PydanticUserError, NameError, TypeError, ValueError):  # a type that has no form in a file
        return value
    try:
        read = adapter.validate_json(written, strict=True)
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise UserMistake(f"{what}: {name} {in_words(problem)}, got {shown(repr(value), 60)}.") from error
    return value if isinstance(value, Mapping) else read


def _is_metric(kind: type) -> bool:
    from metrics.base.metric import ClipMetric  # waits for PyTorch, which most commands do without

    return issubclass(kind, ClipMetric)


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError, AttributeError):  # names that only a type checker imports
        return {}


def _fields(config: Any) -> dict[str, Any]:
    """The types of a configuration's fields by name; none where there is no configuration."""
    hints = _hints(type(config))
    return {field.name: hints.get(field.name, Any) for field in dataclasses.fields(config)} if config else {}


def _default_config(factory: Callable[..., Any]) -> Any:
    """The configuration of what the factory makes when it is told nothing; None where there is none."""
    try:
        config = factory().config
    except Exception:  # a stranger's code may raise anything; its options are then checked by building it
        return None
    return config if dataclasses.is_dataclass(config) else None
