"""Any folder of clips, and the layout in which the paper's authors prepare theirs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.tables import rows
from bench.datasets.tree import printable, walk
from bench.errors import UserMistake, shown

_LICENCE = "unknown: the folder's owner must know the terms"


class Folder:
    """Every video file below a folder; its key is its path below the folder, joined by "-".

    The prepared layout `SPLIT/videos/NAME.mp4` with `texts/NAME.txt`, `images/NAME.jpg` and `ref_audios/NAME.wav` is
    recognised: the key is SPLIT-NAME, `metadata["voice_profile"]` names the reference audio and
    `metadata["driving_image"]` the image. What lies in its `outputs/` was generated and is no sample. A
    `manifest.csv` in the folder, as `data prepare` writes it, tells which clips are samples, their speakers and terms.
    """

    name = "folder"

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`."""
        tree = walk(self.name, root)
        stems = Counter(path.with_suffix("") for path in tree.clips)
        samples: list[Sample] = []
        prepared_layout = any(_is_prepared(path.parent) for path in tree.clips)
        listed, findings = _manifest(root / "manifest.csv") if prepared_layout else ({}, [])
        on_disk = {path.relative_to(root).as_posix() for path in tree.clips}
        findings += [Finding(printable(place), NOT_ON_DISK) for place in listed if place not in on_disk]
        for path in tree.clips:
            if path.stem.endswith(".view"):
                findings.append(Finding(tree.relative(path), "a viewing copy of the clip beside it"))
                continue
            folder = path.parent
            prepared = _is_prepared(folder)
            if prepared and folder.name == "outputs":
                findings.append(Finding(tree.relative(path), "a generated clip of the prepared layout"))
                continue
            row = listed.get(path.relative_to(root).as_posix(), {})
            if prepared and listed and not row:
                findings.append(Finding(tree.relative(path), "on disk but not in manifest.csv"))
                continue
            name = path.stem if stems[path.with_suffix("")] == 1 else path.name
            above = (folder.parent if prepared else folder).relative_to(root) if folder != root else Path()
            samples.append(
                Sample(
                    key="-".join([*above.parts, name]),
                    path=path,
                    licence=row.get("licence") or _LICENCE,
                    speaker=row.get("speaker") or None,
                    split=above.name or None if prepared else None,
                    metadata={**_kept(folder.parent, path.stem), **_origin(row)} if prepared else {},
                )
            )
        return indexed(self.name, tree, samples, findings, "clip (.mp4, .mpg, .avi, .mov, .mkv, .webm, ...)")


def _is_prepared(folder: Path) -> bool:
    return folder.name in ("videos", "outputs") and (folder.parent / "texts").is_dir()


def _manifest(table: Path) -> tuple[dict[str, dict[str, str]], list[Finding]]:
    """The manifest's rows by the clip's place, and what is wrong with rows; nothing where there is no manifest."""
    found: dict[str, dict[str, str]] = {}
    findings: list[Finding] = []
    for line, row in rows(table, needed=("key", "video", "speaker", "licence")) if os.path.lexists(table) else ():
        place = row.get("video", "")
        if not place:
            findings.append(Finding("manifest.csv", "a row without a video", f"line {line}"))
        elif found.setdefault(place, row) != row:
            raise UserMistake(f"{table}, line {line}: {shown(place, 80)} is told twice, and differently; keep one row.")
    return found, findings


def _origin(row: Mapping[str, str]) -> dict[str, str]:
    """The dataset that a prepared clip came from, which tells whose its speaker's name is."""
    return {"dataset": row["dataset"]} if row.get("dataset") else {}


def _kept(split: Path, stem: str) -> dict[str, Path]:
    """What the prepared layout keeps for a clip beside its text."""
    places = {
        "voice_profile": [split / "ref_audios" / f"{stem}.wav"],
        "driving_image": [split / "images" / f"{stem}{suffix}" for suffix in (".jpg", ".jpeg", ".png")],
    }
    found = {part: next((p for p in paths if os.path.lexists(p)), None) for part, paths in places.items()}
    return {part: path for part, path in found.items() if path is not None}
