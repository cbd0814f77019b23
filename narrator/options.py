"""Checks of generators' options, before any work: one sentence that says which option, what it takes, what it got.

Light to import, and shared by all bundled generators. `what` names the generator and the option in every message, for
example "generator 'cascade': fps".
"""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterable
from pathlib import Path
from reprlib import Repr

import numpy as np


class _Short(Repr):
    """What a message can hold of any value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 200

    def repr_int(self, value: int, level: int) -> str:
        """Python itself refuses to print thousands of digits."""
        return super().repr_int(value, level) if value.bit_length() < 4000 else "a number of over 1,000 digits"


shown = _Short().repr
"""`repr` of anything, kept short."""


def number(what: str, value: object, low: float, high: float) -> float:
    """A finite number within low..high.

    >>> number("generator 'still': fps", "fast", 1, 120)
    Traceback (most recent call last):
    ValueError: generator 'still': fps must be a number from 1 to 120, got 'fast'.
    """
    if (
        isinstance(value, float | int | np.floating | np.integer)
        and not isinstance(value, bool)
        and low <= value <= high
    ):
        return float(value)
    raise ValueError(f"{what} must be a number from {low:g} to {high:g}, got {shown(value)}.")


def whole_number(what: str, value: object, low: int, high: int) -> int:
    """A whole number within low..high."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and low <= value <= high:
        return int(value)
    raise ValueError(f"{what} must be a whole number from {low} to {high}, got {shown(value)}.")


def flag(what: str, value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{what} must be true or false, got {shown(value)}.")


def one_of(what: str, value: object, known: Iterable[str]) -> str:
    """One of the known names."""
    names = list(known)
    if isinstance(value, str) and value in names:
        return value
    close = nearest(value, names)
    hint = f" Did you mean {close!r}?" if close else ""
    raise ValueError(f"{what} is {shown(value)}; choose one of: {', '.join(names)}.{hint}")


def nearest(value: object, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one most likely stands for."""
    close = difflib.get_close_matches(value, list(known), 1) if isinstance(value, str) and len(value) < 100 else []
    return close[0] if close else None


def path(what: str, value: object, study_folder: object = ".") -> Path:
    """A path, absolute, "~" expanded; a relative one counts from the study's folder."""
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError(f"{what} must be a path, got {shown(value)}.")
    try:
        whole = (Path(str(study_folder)) / Path(value).expanduser()).absolute()
        whole.lstat()
    except FileNotFoundError:
        return whole
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL byte, an unknown user's "~"
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"{what} is {shown(str(value))}, which cannot be a path: {reason}.") from None
    return whole


def folder(what: str, value: object, study_folder: object = ".") -> Path:
    """An existing folder; see `path`."""
    found = path(what, value, study_folder)
    if not found.is_dir():
        raise ValueError(f"{what} is {shown(str(found))}, which is not a folder; name a folder that exists.")
    return found


def file(what: str, value: object, study_folder: object = ".") -> Path:
    """An existing regular file; see `path`."""
    found = path(what, value, study_folder)
    if not found.exists():
        raise ValueError(f"{what} is {shown(str(found))}, but there is no such file; check the path.")
    if not stat.S_ISREG(found.stat().st_mode):
        raise ValueError(f"{what} is {shown(str(found))}, which is not a regular file; name the file itself.")
    return found
