"""A hash of what code does, so that statistics cached from other code are never taken for today's.

asv voids a result when the source of its benchmark changed, where others ask people to raise a version and they forget.
"""

from __future__ import annotations

import hashlib
import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType


def source_hash(module: str) -> str:
    """sha256 over Python files, blind to comments, layout and docstrings; each version of Python has its own.

    The files are those of the package named, or of the top-level package that the module named belongs to; a module
    outside any importable package counts alone.

    Raises:
        ValueError: the module has no file, as in a notebook.
    """
    package = sys.modules[module] if hasattr(sys.modules[module], "__path__") else sys.modules[module.split(".")[0]]
    if hasattr(package, "__path__") and package.__file__:
        return _hash(Path(package.__file__).parent, "**/*.py")
    file = getattr(sys.modules[module], "__file__", None)
    if file is None:
        raise ValueError(f"Statistics of a metric defined in {module!r} cannot be cached: move it into a file.")
    return _hash(Path(file).parent, Path(file).name)


@lru_cache(maxsize=64)
def _hash(root: Path, pattern: str) -> str:
    """The hash over a folder's files; read once in each process, so that one process has one code."""
    digest = hashlib.sha256()
    for file in sorted(root.glob(pattern)):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(code_text(file.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def code_text(source: str) -> str:
    """What the source does, as text: its byte code, names and constants, without docstrings, lines and assertions."""
    return repr(_parts(compile(source, "", "exec", dont_inherit=True, optimize=2)))


def _parts(constant: object) -> object:
    if isinstance(constant, CodeType):
        names = constant.co_names, constant.co_varnames, constant.co_freevars, constant.co_cellvars
        counts = constant.co_argcount, constant.co_posonlyargcount, constant.co_kwonlyargcount, constant.co_flags
        return constant.co_code, names, counts, [_parts(inner) for inner in constant.co_consts]
    if isinstance(constant, frozenset):  # whose order differs from process to process
        return sorted(map(repr, constant))
    return [_parts(inner) for inner in constant] if isinstance(constant, tuple) else constant
