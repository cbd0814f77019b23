"""VoxCeleb2 and VoxCeleb1, in every form that lies on people's disks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.tables import rows
from bench.datasets.tree import Tree, walk
from bench.errors import UserMistake

_LICENCE = "VoxCeleb: CC BY 4.0 for the metadata, research use; the videos belong to their YouTube owners"
_SPEAKER = re.compile(r"id\d{5}")
_CROP = re.compile(r"(?P<person>id\d{5})#(?P<video>.{11})#(?P<start>\d+)(?:\.txt)?#(?P<end>\d+)")


class VoxCeleb:
    """SPEAKER/VIDEO/UTTERANCE.mp4 at any depth, and the 256x256 crops SPEAKER#VIDEO#START#END.mp4.

    So `dev/mp4/id00012/...`, `vox2_test_mp4/mp4/...` and every nested copy are read alike. The crops are without sound,
    which verifying counts. Speakers' gender and set come from `vox2_meta.csv` or `vox1_meta.csv` where they lie below
    the root.
    """

    name = "voxceleb"

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`."""
        tree = walk(self.name, root)
        speakers = _speakers(tree)
        samples: list[Sample] = []
        findings: list[Finding] = []
        for path in tree.clips:
            named = _named(path)
            if named is None:
                findings.append(Finding(tree.relative(path), "no VoxCeleb name"))
                continue
            key, speaker, metadata = named
            known = speakers.get(speaker, {})
            samples.append(
                Sample(
                    key=key,
                    path=path,
                    licence=_LICENCE,
                    speaker=speaker,
                    split=_split(tree.parts(path)) or known.get("set"),
                    metadata={**known, **metadata} if metadata else known,
                )
            )
        expected = "clip named id00012/21Uxsk56VDQ/00001.mp4 or id10280#NXjT3732Ekg#001093#001192.mp4"
        return indexed(self.name, tree, samples, findings, expected)


def _named(path: Path) -> tuple[str, str, dict[str, Any]] | None:
    """Key, speaker and what else the name tells. Video ids may begin with '-' or '_' and hold both."""
    if crop := _CROP.fullmatch(path.stem):
        return path.stem.replace("#", "-").replace(".txt", ""), crop["person"], {"video": crop["video"]}
    speaker, video = path.parent.parent.name, path.parent.name
    if not _SPEAKER.fullmatch(speaker):
        return None
    return f"{speaker}-{video}-{path.stem}", speaker, {}


def _speakers(tree: Tree) -> dict[str, Mapping[str, str]]:
    """Gender and set by speaker; the copies differ in blanks, so all names and cells are stripped."""
    found: dict[str, Mapping[str, str]] = {}
    for path in (tree.files[file] for file in ("vox1_meta.csv", "vox2_meta.csv") if file in tree.files):
        named = {
            speaker: {"gender": row.get("Gender", ""), "set": row.get("Set", "")}
            for _, row in rows(path)
            for speaker in row.values()
            if _SPEAKER.fullmatch(speaker)
        }
        if not named:
            raise UserMistake(f"The metadata file {path} names no speaker such as id00012; download it again.")
        found |= named
    return found


def _split(folders: tuple[str, ...]) -> str | None:
    """The split that the folders tell: dev, test, train, or as in vox2_test_mp4."""
    for folder in reversed(folders):
        if match := re.fullmatch(r"(?:vox[12]_)?(dev|test|train)(?:_mp4)?", folder):
            return match[1]
    return None
