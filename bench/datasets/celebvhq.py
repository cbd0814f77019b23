"""CelebV-HQ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.tables import json_object
from bench.datasets.tree import Tree, printable, walk
from bench.errors import UserMistake

_LICENCE = "CelebV-HQ: non-commercial research only, no redistribution"
_INFO = "celebvhq_info.json"
_KEY = re.compile(r"(?P<video>[A-Za-z0-9_-]{11})_(?:0|[1-9]\d*)(?:_\d+)?")


class CelebVHQ:
    """KEY.mp4 in `35666/`, `videos/`, `downloaded_celebvhq/processed/` or anywhere, described by `celebvhq_info.json`.

    A key is an 11-character YouTube id, which may hold or begin with '-' and '_', then `_` and the clip's number. The
    dataset names no persons: clips of one video share a speaker. Whole videos in `raw/` are no clips.
    """

    name = "celebvhq"

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`."""
        tree = walk(self.name, root)
        mapping, listed, findings = _information(tree)
        samples: list[Sample] = []
        for path in tree.clips:
            key = _KEY.fullmatch(path.stem)
            if path.parent.name == "raw" and path.stem not in listed:
                findings.append(Finding(tree.relative(path), "a whole recording, not a clip"))
            elif not key:
                findings.append(Finding(tree.relative(path), "no CelebV-HQ name"))
            else:
                metadata = _metadata(listed.get(path.stem, {}), mapping)
                samples.append(Sample(path.stem, path, _LICENCE, speaker=key["video"], metadata=metadata))
        on_disk = {sample.key for sample in samples}
        findings += [Finding(printable(key), NOT_ON_DISK) for key in listed if key not in on_disk]
        return indexed(self.name, tree, samples, findings, "clip named M2Ohb0FAaJU_1.mp4 (usually in 35666/)")


def _information(tree: Tree) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]], list[Finding]]:
    """The attributes' names, the clips' entries, and what is wrong with entries."""
    if _INFO not in tree.files:
        return {}, {}, []
    content = json_object(tree.files[_INFO], "CelebV-HQ information file")
    clips = content.get("clips")
    if not isinstance(clips, dict):
        raise UserMistake(
            f"{tree.files[_INFO]} is no CelebV-HQ information file (it has no object 'clips'); download it again."
        )
    odd = [key for key, entry in clips.items() if not isinstance(entry, dict)]
    broken = [Finding(printable(key), f"its entry in {_INFO} is no object") for key in odd]
    mapping = content.get("meta_info") or content.get("mete_info")
    return _object(mapping), {key: _object(entry) for key, entry in clips.items()}, broken


def _metadata(entry: Mapping[str, Any], mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with the names of the attributes that it marks in place of its rows of zeros and ones."""
    attributes = _object(entry.get("attributes"))
    named = {}
    for kind in ("appearance", "action"):
        names, marks = mapping.get(f"{kind}_mapping"), attributes.get(kind)
        if isinstance(names, list) and isinstance(marks, list):
            named[kind] = [name for name, marked in zip(names, marks, strict=False) if marked]
    return {**{name: entry[name] for name in ("duration", "bbox") if name in entry}, **named}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
