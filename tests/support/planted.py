"""A change planted in production code: a piece of a function's source is replaced and the function compiled anew."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from typing import Any

import pytest


def plant(monkeypatch: pytest.MonkeyPatch, function: Any, old: str, new: str) -> None:
    """Put `new` in the place of `old`, which must stand once in the source of a function or method.

    The function stays the same object, so that whoever imported it by its name runs the changed code, too.
    """
    function = inspect.unwrap(getattr(function, "__func__", function))
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {function.__qualname__}"
    made: dict[str, Any] = {}
    source = source.replace(old, new)
    exec(compile(source, "<planted>", "exec", __future__.annotations.compiler_flag), function.__globals__, made)
    changed = getattr(made[function.__name__], "__func__", made[function.__name__])
    monkeypatch.setattr(function, "__code__", changed.__code__)
