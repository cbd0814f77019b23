"""YAML as a study needs it: what stands there is what is read, or one sentence says why not and where.

PyYAML's safe loader reads YAML 1.1, where `no` is false, `1:30` is 90 and `010` is 8, takes the last of two equal keys,
and follows anchors that unfold to billions of values. Here plain words are read as YAML 1.2 has them.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from bench.errors import UserMistake, shown
from bench.paths import unusable_character

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_VALUES = 20_000
MAX_DIGITS = 20

_PREFIX = "tag:yaml.org,2002:"
_PLAIN = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", "<<", "<"),
)
"""The core schema of YAML 1.2, without infinity and "not a number", which no option takes."""


def read_yaml(text: str, where: str) -> Any:
    """The content of one YAML document: mappings with text keys, lists, text, numbers, booleans and null.

    Args:
        where: what the text is, as the sentence of a mistake begins with it.

    Raises:
        UserMistake: it is not YAML, or holds what no study can mean.
    """
    if len(text) > MAX_BYTES:
        raise UserMistake(f"{where} is longer than {MAX_BYTES >> 20} MiB, which no study is.")
    try:
        loader = _StrictLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()  # type: ignore[no-untyped-call]
    except yaml.YAMLError as error:
        raise UserMistake(f"{where} is not valid YAML: {_said(error)}.") from error


def write_yaml(content: Any) -> str:
    """YAML that `read_yaml`, and any reader of YAML 1.1, reads as the same content."""
    return yaml.dump(content, Dumper=_QuotingDumper, sort_keys=False, allow_unicode=True)


class _StrictLoader(yaml.SafeLoader):
    """Refuses equal keys, keys that are no text, deep nesting, anchors that unfold without measure, foreign types."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML names it

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0
        self._sizes: dict[str, int | None] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Count how many values the document unfolds to."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):  # type: ignore[no-untyped-call]
            size = self._sizes.get(event.anchor, 0)
            if size is None:
                raise ComposerError(None, None, f"the anchor '{event.anchor}' contains itself", event.start_mark)
            self._count(size, event)
            return super().compose_node(parent, index)
        before = self._values
        self._count(1, event)
        if event.anchor is not None:
            self._sizes[event.anchor] = None
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ComposerError(None, None, f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if event.anchor is not None:
            self._sizes[event.anchor] = self._values - before
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Refuse equal keys, before merged ones join them."""
        node: Any = super().compose_mapping_node(anchor)
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if key.tag not in (f"{_PREFIX}str", f"{_PREFIX}merge"):
                written = f" '{shown(key.value, 40)}'" if isinstance(key.value, str) else ""
                raise ComposerError(None, None, f"the key{written} is no text: put it in quotes", key.start_mark)
            if key.value in seen:
                first = seen[key.value]
                problem = f"the key '{shown(key.value, 40)}' stands twice, first in line {first}: keep one"
                raise ComposerError(None, None, problem, key.start_mark)
            seen[key.value] = key.start_mark.line + 1
        return node

    def construct_text(self, node: Any) -> str:
        """Text without characters that no file name, no table and no terminal can hold."""
        text: str = self.construct_scalar(node)  # type: ignore[no-untyped-call]
        if (character := unusable_character(text, allowed="\t\n")) is not None:
            raise ConstructorError(None, None, f"text holds the character {character}", node.start_mark)
        return text

    def construct_whole(self, node: Any) -> int:
        """A whole number of a size that a computer's is."""
        written: str = self.construct_scalar(node)  # type: ignore[no-untyped-call]
        if len(written) > MAX_DIGITS:
            raise ConstructorError(None, None, f"a number of {len(written):,} digits is too long", node.start_mark)
        try:
            return int(written, {"0o": 8, "0x": 16}.get(written[:2], 10))
        except ValueError as error:
            raise ConstructorError(None, None, f"'{shown(written)}' is no whole number", node.start_mark) from error

    def construct_decimal(self, node: Any) -> float:
        """A finite number."""
        written: str = self.construct_scalar(node)  # type: ignore[no-untyped-call]
        try:
            value = float(written)
        except ValueError as error:
            raise ConstructorError(None, None, f"'{shown(written, 40)}' is no number", node.start_mark) from error
        if not -1e300 < value < 1e300:
            raise ConstructorError(None, None, f"'{shown(written, 40)}' is no finite number", node.start_mark)
        return value

    def construct_boolean(self, node: Any) -> bool:
        """True or false, also where a tag says that it is one."""
        written: str = self.construct_scalar(node)  # type: ignore[no-untyped-call]
        if written.lower() not in ("true", "false"):
            raise ConstructorError(None, None, f"'{shown(written, 40)}' is neither true nor false", node.start_mark)
        return written.lower() == "true"

    def construct_foreign(self, node: Any) -> Any:
        """Anything else."""
        kind = shown(node.tag.removeprefix(_PREFIX), 60)
        raise ConstructorError(None, None, f"the type '{kind}' has no place in a study", node.start_mark)

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise ComposerError(None, None, f"it unfolds to more than {MAX_VALUES:,} values", event.start_mark)


class _QuotingDumper(yaml.SafeDumper):
    """Puts in quotes what either version of YAML would not read as text; repeats instead of using anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _name, _pattern, _first in _PLAIN:
    for _class in (_StrictLoader, _QuotingDumper):
        _class.add_implicit_resolver(_PREFIX + _name, re.compile(f"^(?:{_pattern})$"), list(_first))
_StrictLoader.yaml_constructors = {
    f"{_PREFIX}null": yaml.SafeLoader.construct_yaml_null,
    f"{_PREFIX}bool": _StrictLoader.construct_boolean,
    f"{_PREFIX}int": _StrictLoader.construct_whole,
    f"{_PREFIX}float": _StrictLoader.construct_decimal,
    f"{_PREFIX}str": _StrictLoader.construct_text,
    f"{_PREFIX}seq": yaml.SafeLoader.construct_yaml_seq,
    f"{_PREFIX}map": yaml.SafeLoader.construct_yaml_map,
    None: _StrictLoader.construct_foreign,
}


def _said(error: yaml.YAMLError) -> str:
    """The problem and its place on one line, without the lines of the file that PyYAML repeats."""
    if isinstance(error, ReaderError):
        return f"the character U+{int(error.character):04X} cannot stand in YAML (position {error.position + 1})"
    if not isinstance(error, MarkedYAMLError):
        return shown(error)
    mark = error.problem_mark or error.context_mark
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    return shown(problem) + place
