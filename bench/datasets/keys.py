"""Keys: names of samples that are safe, stable and unique as file names on every system."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

_LONGEST = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")


def safe_keys(names: Iterable[str]) -> list[str]:
    """One key for each of the distinct names, in their order.

    A name of letters, digits and ``. _ + -`` that begins with none of ``. -`` is its own key. Otherwise unsafe
    characters become "_" and eight hex digits of the name's SHA-256 follow, as they do where two names differ only in
    the case of their letters. So a key depends on its own name, not on the order of names.
    """
    names = list(names)
    folded = Counter(name.casefold() for name in names)
    return [name if _is_safe(name) and folded[name.casefold()] == 1 else _marked(name) for name in names]


def _is_safe(name: str) -> bool:
    return bool(name) and len(name) <= _LONGEST and name[0] not in ".-" and not _UNSAFE.search(name)


def _marked(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    readable = _UNSAFE.sub("_", name).lstrip(".-") or "clip"
    return f"{readable[: _LONGEST - 9]}-{digest}"
