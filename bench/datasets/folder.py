"""Any folder of clips, and the layout in which the paper's authors prepare theirs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.picture_folders import picture_folders, sound_of
from bench.datasets.tables import rows
from bench.datasets.tree import Tree, printable, walk
from bench.errors import UserMistake, shown

_IMAGES = (".jpg", ".jpeg", ".png", ".webp")
UNRATED = "a folder of pictures, whose frames per second nobody told (fps)"
_LICENCE = "unknown: the folder's owner must know the terms"


class Folder:
    """Every video file below a folder; its key is its path below the folder, joined by "-".

    The prepared layout `SPLIT/videos/NAME.mp4` with `texts/NAME.txt`, `images/NAME.jpg` and `ref_audios/NAME.wav` is
    recognised: the key is SPLIT-NAME, `metadata["voice_profile"]` names the reference audio, and the image (.jpg, else
    .jpeg, .png or .webp) is the driving image in place of the clip's first frame. What lies in its `outputs/` was
    generated and is no sample. A `manifest.csv` in the folder, as `data prepare` writes it, tells which clips are
    samples, their speakers and terms.

    Args:
        fps: frames per second of clips that are folders of numbered pictures; without it such folders are no samples.
    """

    name = "folder"

    def __init__(self, fps: float | None = None) -> None:
        if fps is not None and not 0 < fps <= 1000:
            raise ValueError(f"fps is {fps}; it must be greater than 0 and at most 1000")
        self._fps = fps

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
            if folder.name == "images" and (folder.parent / "texts").is_dir():
                findings.append(Finding(tree.relative(path), "a driving image of the prepared layout"))
                continue
            if prepared and folder.name == "outputs":
                findings.append(Finding(tree.relative(path), "a generated clip of the prepared layout"))
                continue
            row = listed.get(path.relative_to(root).as_posix(), {})
            if prepared and listed and not row:
                findings.append(Finding(tree.relative(path), "on disk but not in manifest.csv"))
                continue
            name = path.stem if stems[path.with_suffix("")] == 1 else path.name
            above = (folder.parent if prepared else folder).relative_to(root) if folder != root else Path()
            voice = folder.parent / "ref_audios" / f"{path.stem}.wav"
            has_voice = prepared and os.path.lexists(voice)
            samples.append(
                Sample(
                    key="-".join([*above.parts, name]),
                    path=path,
                    licence=row.get("licence") or _LICENCE,
                    speaker=row.get("speaker") or None,
                    split=above.name or None if prepared else None,
                    metadata={**({"voice_profile": voice} if has_voice else {}), **_origin(row)},
                    image=_image(path) if prepared else None,
                )
            )
        pictures = picture_folders(root)
        if self._fps is None:
            findings += [Finding(_named(path, tree), UNRATED) for path in pictures]
        else:
            samples += [self._of_pictures(path, root) for path in pictures]
        return indexed(self.name, tree, samples, findings, "clip (.mp4, .mpg, .avi, .mov, .mkv, .webm, ...)")

    def _of_pictures(self, folder: Path, root: Path) -> Sample:
        key = "-".join(folder.relative_to(root).parts) or root.absolute().name
        return Sample(key, folder, _LICENCE, audio=sound_of(folder), rate=self._fps)


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


def _named(folder: Path, tree: Tree) -> str:
    return tree.relative(folder) if folder != tree.root else printable(folder.absolute().name)


def _image(clip: Path) -> Path | None:
    """The driving image that the prepared layout keeps for a clip."""
    images = (clip.parent.parent / "images" / f"{clip.stem}{suffix}" for suffix in _IMAGES)
    return next((image for image in images if os.path.lexists(image)), None)
