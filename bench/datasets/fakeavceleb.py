"""FakeAVCeleb v1.2."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.tables import rows
from bench.datasets.tree import Tree, printable, walk

REAL = "RealVideo-RealAudio"
TYPES = (REAL, "RealVideo-FakeAudio", "FakeVideo-RealAudio", "FakeVideo-FakeAudio")
_LICENCE = "FakeAVCeleb: by request form, no redistribution"
_SPEAKER = re.compile(r"id\d{5}")


class _Place(NamedTuple):
    """What identifies a clip: file names repeat between types and speakers."""

    kind: str
    speaker: str
    file: str


class FakeAVCeleb:
    """TYPE/RACE/GENDER/SPEAKER/NAME.mp4 below any nesting, described by `meta_data.csv`.

    A copy that was flattened to TYPE/NAME.mp4 is read too; then the metadata tell the speaker if the name is unique.
    The speakers are VoxCeleb2's, under the same ids.

    Args:
        types: which of the four types are samples; by default the real clips. The others are findings.
    """

    name = "fakeavceleb"

    def __init__(self, types: Sequence[str] = (REAL,)) -> None:
        if isinstance(types, str) or not types or not set(types) <= set(TYPES):
            raise ValueError(f"types is {types!r}; it must be a list of some of {', '.join(TYPES)}")
        self._types = tuple(types)

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`."""
        tree = walk(self.name, root)
        listed, findings = _listed(tree)
        flat = _places_by_file(listed)
        samples: list[Sample] = []
        present: set[_Place] = set()
        for path in tree.clips:
            place = _place(path, tree, flat)
            present.add(place)
            if not place.kind:
                findings.append(Finding(tree.relative(path), "neither its folders nor meta_data.csv tell its type"))
            elif place.kind not in self._types:
                findings.append(Finding(tree.relative(path), f"of type {place.kind}, which is not asked for"))
            else:
                samples.append(_sample(path, place, listed.get(place, {})))
        for place, row in listed.items():
            if place.kind in self._types and place not in present:
                findings.append(Finding(printable(f"{row['folder']}/{place.file}"), NOT_ON_DISK))
        expected = f"clip of type {' or '.join(self._types)} (TYPE/RACE/GENDER/id00076/00109.mp4)"
        return indexed(self.name, tree, samples, findings, expected)


def _listed(tree: Tree) -> tuple[dict[_Place, dict[str, str]], list[Finding]]:
    """The rows of `meta_data.csv`: `path` holds the file's name, a tenth column without a name the folder."""
    table = tree.files.get("meta_data.csv")
    found: dict[_Place, dict[str, str]] = {}
    findings: list[Finding] = []
    for line, row in rows(table, needed=("type", "path")) if table else ():
        folder = row.pop("", "") or row.pop("Unnamed: 9", "")
        kind, file = row.get("type", ""), row.get("path", "")
        if kind in TYPES and file:
            found[_Place(kind, Path(folder).name or row.get("source", ""), file)] = {**row, "folder": folder}
        else:
            findings.append(Finding("meta_data.csv", "a row without a known type and a file's name", f"line {line}"))
    return found, findings


def _places_by_file(listed: dict[_Place, dict[str, str]]) -> dict[tuple[str, str], _Place]:
    """Places by (type or "", file) where that is unambiguous, for copies that lost their folders."""
    counts = Counter(key for place in listed for key in ((place.kind, place.file), ("", place.file)))
    pairs = ((key, place) for place in listed for key in ((place.kind, place.file), ("", place.file)))
    return {key: place for key, place in pairs if counts[key] == 1}


def _place(path: Path, tree: Tree, flat: dict[tuple[str, str], _Place]) -> _Place:
    kind = next((part for part in reversed(tree.parts(path)) if part in TYPES), "")
    if kind and _SPEAKER.fullmatch(path.parent.name):
        return _Place(kind, path.parent.name, path.name)
    return flat.get((kind, path.name), _Place(kind, "", path.name))


def _sample(path: Path, place: _Place, row: dict[str, str]) -> Sample:
    kind = () if place.kind == REAL else (place.kind,)
    return Sample(
        key="-".join([*kind, *filter(None, [place.speaker]), path.stem]),
        path=path,
        licence=_LICENCE,
        speaker=place.speaker or None,
        metadata={**row, "type": place.kind},
    )
