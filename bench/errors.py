"""The user's mistakes: one sentence that says what is wrong, where, and how to mend it; exit code 2, no traceback."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from metrics.base.hints import nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class UserMistake(Exception):
    """Something the user can mend; the message is shown as it is."""


def shown(text: object, most: int = 300) -> str:
    """Anything as part of one sentence: on one line, without what a terminal would obey, of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[: 2 * most]).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def without_secrets(text: str) -> str:
    """A text whose addresses have lost what may be secret: user and password, and what follows a question mark."""
    text = re.sub(r"([A-Za-z][A-Za-z0-9+.-]+://)[^\s'\"]*@(?=[^/\s])", r"\1", text)
    return re.sub(r"([A-Za-z][A-Za-z0-9+.-]+://[^\s'\"?]*)\?[^\s'\"]*", r"\1", text)


_WORDS = (
    (r"^Value error, ", ""),
    (r"^(Input|String|Tuple|List) should ", "must "),
    (r"a valid (array|tuple|list)", "a list"),
    (r"a valid dictionary or instance of \w+|a valid dictionary|an object", "a mapping"),
    (r"a valid string", "text"),
    (r"a valid integer", "a whole number"),
    (r"a valid number", "a number"),
    (r"a valid boolean", "true or false"),
    (r" after validation, not \d+", ""),
)


def in_words(problem: str) -> str:
    """What pydantic says of a value, as the rest of a sentence that begins with the value's name."""
    for said, meant in _WORDS:
        problem = re.sub(said, meant, problem)
    return problem.rstrip(".")


def problem_in_words(problem: ErrorDetails, place: str, keys: Collection[str]) -> str:
    """One sentence on the first thing that pydantic found wrong in a file of the user's.

    Args:
        place: where it is, as the user wrote it, for example "metrics.2.options"; empty for the whole.
        keys: that there could be, where the problem is an unknown one.
    """
    spelled = shown(place, 80)
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{spelled}'.{nearest(str(problem['loc'][-1]), keys)}"
    if problem["type"] == "missing":
        return f"'{spelled}' is missing."
    message = "must be a path" if problem["type"] == "path_type" else in_words(problem["msg"])
    if message.startswith("must be") and not isinstance(problem["input"], dict | list):
        message += f", got {shown(repr(problem['input']), 60)}"
    joint = " " if message.startswith("must") else ": "
    return f"'{spelled}'{joint}{message}." if spelled else f"{message}."
