"""Keys: names of samples that are safe, stable and unique as file names on every system."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence

_LONGEST = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
"""Windows takes such a name for a device, whatever suffix follows."""


def safe_keys(names: Sequence[str], places: Sequence[str] | None = None) -> list[str]:
    """One key for each clip, in their order; no two keys are equal, also where case is ignored.

    A name of letters, digits and ``. _ + -`` that begins with none of ``. -`` is its own key. Otherwise unsafe
    characters become "_" and eight hex digits of the name's SHA-256 follow. Clips whose keys would be equal all take
    their next spelling, at last one with digits of their place instead. So a key depends on its own clip and on those
    that would share it, never on the order or number of the others.

    Args:
        names: what the clips are called; not necessarily distinct.
        places: where they lie, all distinct; the names themselves unless told.
    """
    spellings = [_spellings(name, place) for name, place in zip(names, places or names, strict=True)]
    keys = [next(spelling) for spelling in spellings]
    while True:
        taken = Counter(key.lower() for key in keys)
        if len(taken) == len(keys):
            return keys
        keys = [key if taken[key.lower()] == 1 else next(spellings[k]) for k, key in enumerate(keys)]


def _spellings(name: str, place: str) -> Iterator[str]:
    if _is_safe(name):
        yield name
    yield _marked(name, name, 8)
    for digits in (8, 16, 32, 64):
        yield _marked(name, place, digits)


def _is_safe(name: str) -> bool:
    fits = 0 < len(name) <= _LONGEST and name[0] not in ".-" and not _UNSAFE.search(name) and not _DEVICE.match(name)
    # A trailing dot vanishes on Windows; KEY.view.mp4 is where the viewing copy of KEY.mp4 stands.
    return fits and not name.lower().endswith((".", ".view"))


def _marked(name: str, origin: str, digits: int) -> str:
    # "surrogatepass" tells all names apart, also those that are not UTF-8 on disk.
    digest = hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    readable = _UNSAFE.sub("_", name).lstrip(".-") or "clip"
    if _DEVICE.match(readable):
        readable = f"_{readable}"
    return f"{readable[: _LONGEST - 1 - digits]}-{digest}"
