"""CelebV-HQ."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.tree import Tree, indexed, walk
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
        mapping, listed = _information(tree)
        samples: list[Sample] = []
        findings: list[Finding] = []
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
        findings += [Finding(key, NOT_ON_DISK) for key in listed if key not in on_disk]
        return indexed(self.name, tree, samples, findings, "clip named M2Ohb0FAaJU_1.mp4 (usually in 35666/)")


def _information(tree: Tree) -> tuple[Mapping[str, list[str]], Mapping[str, Any]]:
    """The attributes' names and the clips' entries."""
    if _INFO not in tree.files:
        return {}, {}
    try:
        content = json.loads(tree.files[_INFO].read_text(encoding="utf-8-sig"))
        return content.get("meta_info") or content.get("mete_info") or {}, content["clips"]
    except (ValueError, KeyError, AttributeError) as error:
        raise UserMistake(
            f"celebvhq: {tree.files[_INFO]} is no CelebV-HQ information file ({error}); download it again."
        ) from error


def _metadata(entry: Mapping[str, Any], mapping: Mapping[str, list[str]]) -> dict[str, Any]:
    """The entry with the names of the attributes that it marks in place of its rows of zeros and ones."""
    attributes = entry.get("attributes", {})
    named = {
        kind: [name for name, marked in zip(names, attributes[kind], strict=False) if marked]
        for kind, names in (
            ("appearance", mapping.get("appearance_mapping")),
            ("action", mapping.get("action_mapping")),
        )
        if names and kind in attributes
    }
    return {**{name: entry[name] for name in ("duration", "bbox") if name in entry}, **named}
