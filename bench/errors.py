"""The user's mistakes: one sentence that says what is wrong, where, and how to mend it; exit code 2, no traceback."""

from __future__ import annotations

import re


class UserMistake(Exception):
    """Something the user can mend; the message is shown as it is."""


def shown(text: object, most: int = 300) -> str:
    """Anything as part of one sentence: on one line, without what a terminal would obey, of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[: 2 * most]).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


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
