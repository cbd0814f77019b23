"""Any folder of clips, and the layout in which the paper's authors prepare theirs."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.tree import walk

_LICENCE = "unknown: the folder's owner must know the terms"


class Folder:
    """Every video file below a folder; its key is its path below the folder, joined by "-".

    The prepared layout `SPLIT/videos/NAME.mp4` with `texts/NAME.txt`, `images/NAME.jpg` and `ref_audios/NAME.wav` is
    recognised: the key is SPLIT-NAME, `metadata["voice_profile"]` names the reference audio and
    `metadata["driving_image"]` the image. What lies in its `outputs/` was generated and is no sample.
    """

    name = "folder"

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`."""
        tree = walk(self.name, root)
        stems = Counter(path.with_suffix("") for path in tree.clips)
        samples: list[Sample] = []
        findings: list[Finding] = []
        for path in tree.clips:
            if path.stem.endswith(".view"):
                findings.append(Finding(tree.relative(path), "a viewing copy of the clip beside it"))
                continue
            folder = path.parent
            prepared = folder.name in ("videos", "outputs") and (folder.parent / "texts").is_dir()
            if prepared and folder.name == "outputs":
                findings.append(Finding(tree.relative(path), "a generated clip of the prepared layout"))
                continue
            name = path.stem if stems[path.with_suffix("")] == 1 else path.name
            above = (folder.parent if prepared else folder).relative_to(root) if folder != root else Path()
            samples.append(
                Sample(
                    key="-".join([*above.parts, name]),
                    path=path,
                    licence=_LICENCE,
                    split=above.name or None if prepared else None,
                    metadata=_kept(folder.parent, path.stem) if prepared else {},
                )
            )
        return indexed(self.name, tree, samples, findings, "clip (.mp4, .mpg, .avi, .mov, .mkv, .webm, ...)")


def _kept(split: Path, stem: str) -> dict[str, Path]:
    """What the prepared layout keeps for a clip beside its text."""
    places = {
        "voice_profile": [split / "ref_audios" / f"{stem}.wav"],
        "driving_image": [split / "images" / f"{stem}{suffix}" for suffix in (".jpg", ".jpeg", ".png")],
    }
    found = {part: next((p for p in paths if os.path.lexists(p)), None) for part, paths in places.items()}
    return {part: path for part, path in found.items() if path is not None}
