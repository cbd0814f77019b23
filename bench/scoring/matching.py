"""Which generated clip belongs to which real one: equal names, nearly equal ones, or what a table says."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bench.datasets.tree import printable
from bench.errors import UserMistake, shown
from bench.files import UnreadableFile, as_text, read_small
from bench.scoring.found import Found

_LARGEST = 1 << 26
_TRIED = 20
"""Names from which the prefix and the suffix are guessed; any that has its partner would do."""
_COLUMNS = ("real", "generated")


@dataclass
class Matching:
    """How the generated clips are called so that pairs have one key.

    Attributes:
        keys: the common key by the generated clip's own; clips that are not here take no part.
        real: keys of the real clips that take part; None for all.
        note: how names were matched where they are not equal; "" where they are.
        left_out: reason by what the table names, or leaves out.
    """

    keys: dict[str, str] = field(default_factory=dict)
    real: frozenset[str] | None = None
    note: str = ""
    left_out: dict[str, str] = field(default_factory=dict)


def by_name(real: Found, generated: Found) -> Matching:
    """Equal keys are pairs. Where there are none at all, equal file names are, whatever folders they lie in; else names
    that differ by one prefix and one suffix, the same for all of the generated clips.

    The last two rules are told in `note`. Names that fit no rule stay as they are: the sets can still be compared.
    """
    same = Matching({key: key for key in generated.clips})
    if real.clips.keys() & generated.clips.keys():
        return same
    real_stems, stems = _stems(real), _stems(generated)
    if real_stems is None or stems is None:
        return same
    both = sorted(real_stems.keys() & stems.keys())
    if both:
        keys = {stems[stem]: real_stems[stem] for stem in both}
        others = {key: key for key in generated.clips if key not in keys}
        return Matching(keys | others, note="clips were matched by their file names, whatever folders they lie in")
    for names, others, way in ((real_stems, stems, "generated"), (stems, real_stems, "real")):
        if (found := _affixed(names, others)) is None:
            continue
        prefix, suffix = found
        pairs = {name: f"{prefix}{name}{suffix}" for name in names if f"{prefix}{name}{suffix}" in others}
        keys = {
            (stems[longer] if way == "generated" else stems[name]): (
                real_stems[name] if way == "generated" else real_stems[longer]
            )
            for name, longer in pairs.items()
        }
        left = " and ".join(
            f"the {what} {shown(repr(part), 80)}" for what, part in (("prefix", prefix), ("suffix", suffix)) if part
        )
        rest = {key: key for key in generated.clips if key not in keys}
        return Matching(keys | rest, note=f"clips were matched by name without {left} of the {way} ones")
    return same


def by_table(path: Path, real: Found, generated: Found) -> Matching:
    """Pairs as a CSV with the columns real and generated names them.

    A name is a clip's key, or its path below its folder, with or without suffix. Clips that the table does not name
    take no part, and are counted; so are rows that name a clip that is not there.

    Raises:
        UserMistake: it cannot be read, lacks a column, names a clip twice, or names no pair at all.
    """
    matching = Matching()
    sides = {"real": _by_spelling(real), "generated": _by_spelling(generated)}
    used: dict[tuple[str, str], int] = {}
    for line, row in _rows(path):
        keys = {}
        for side in _COLUMNS:
            named = os.path.normpath(row[side]).replace(os.sep, "/") if row[side] else ""
            key = sides[side].get(named)
            if key is None:
                told = f"names no {side} clip that is there ({printable(row[side][:80]) or 'blank'})"
                matching.left_out[f"{printable(path.name)}, line {line}"] = told
                continue
            if earlier := used.get((side, key)):
                raise UserMistake(f"--pairs {path}: lines {earlier} and {line} name one {side} clip: keep one.")
            keys[side] = key
        if len(keys) == 2:
            used |= {(side, key): line for side, key in keys.items()}
            matching.keys[keys["generated"]] = keys["real"]
    if not matching.keys:
        first = next(iter(matching.left_out.items()), None)
        raise UserMistake(f"--pairs {path} names no pair of clips{f': {first[0]} {first[1]}' if first else ''}.")
    matching.real = frozenset(matching.keys.values())
    for side, found in (("real", real), ("generated", generated)):
        taken = matching.real if side == "real" else matching.keys.keys()
        for key in found.clips.keys() - taken:
            matching.left_out[f"{side}/{printable(found.places[key])}"] = "not named by --pairs"
    return matching


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = as_text(read_small(path, _LARGEST))
    except UnreadableFile as error:
        raise UserMistake(f"--pairs {path} cannot be read: {error}.") from error
    header = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;|", key=header.count), strict=True)
    rows = []
    try:
        columns = [name.strip().casefold() for name in next(table, [])]
        if lacking := [name for name in _COLUMNS if name not in columns]:
            raise UserMistake(
                f"--pairs {path} lacks the column {' and '.join(lacking)}: its first line must name real and generated."
            )
        for cells in table:
            if any(cell.strip() for cell in cells):
                row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
                rows.append((table.line_num, {name: row.get(name, "") for name in _COLUMNS}))
    except csv.Error as error:
        raise UserMistake(f"--pairs {path} is broken at line {table.line_num} ({error}).") from error
    return rows


def _by_spelling(found: Found) -> dict[str, str]:
    """Keys by every way to name a clip."""
    spelled: dict[str, str] = {}
    for key, clip in found.clips.items():
        place = found.places[key]
        for name in (key, place, f"{place}{clip.video.suffix}"):
            spelled.setdefault(name, key)
    return spelled


def _stems(found: Found) -> dict[str, str] | None:
    """Keys by the last part of their places; None where two clips share it."""
    names = {key: PurePosixPath(place).name for key, place in found.places.items()}
    if any(count > 1 for count in Counter(names.values()).values()):
        return None
    return {name: key for key, name in names.items()}


def _affixed(names: Mapping[str, str], longer: Mapping[str, str]) -> tuple[str, str] | None:
    """The one prefix and suffix that turn names into longer ones for every longer one, or for every name.

    A single pair must be parted from what is added by something that is no letter and no digit: "a" is in "banana".
    """
    tried: dict[tuple[str, str], None] = {}
    for long in sorted(longer)[:_TRIED]:
        for name in names:
            if name and (at := long.find(name)) >= 0:
                tried[long[:at], long[at + len(name) :]] = None
    fitting = []
    for prefix, suffix in tried:
        matched = {f"{prefix}{name}{suffix}" for name in names} & longer.keys()
        parted = not (prefix[-1:].isalnum() or suffix[:1].isalnum())
        if len(matched) in (len(names), len(longer)) and (len(matched) > 1 or parted):
            fitting.append((prefix, suffix))
    return fitting[0] if len(fitting) == 1 else None
