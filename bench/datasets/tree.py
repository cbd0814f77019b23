"""A dataset's folder: its clips, its metadata files, and what it looks like if it is another dataset's."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.keys import safe_keys
from bench.errors import UserMistake

VIDEO_SUFFIXES = frozenset({".mp4", ".mpg", ".mpeg", ".avi", ".mov", ".m4v", ".mkv", ".webm"})
_ARCHIVE = re.compile(r".*\.(zip|tar|tgz|tar\.gz|z\d\d|part\d+|zip\d+|part[a-z]{2})$|.*_part[a-z]{2}$")


@dataclass(frozen=True)
class Tree:
    """The files below a root.

    Attributes:
        root: the folder.
        clips: video files, sorted, links followed.
        files: all other files' paths by name; of several with one name the first.
        findings: hidden files and folders of pictures that are named like clips.
    """

    root: Path
    clips: tuple[Path, ...]
    files: Mapping[str, Path]
    findings: tuple[Finding, ...]

    def relative(self, path: Path) -> str:
        """The path as findings name it."""
        return path.relative_to(self.root).as_posix()

    def parts(self, path: Path) -> tuple[str, ...]:
        """The folders above a clip, those of the root included, because the root may be any level of a layout."""
        return path.parent.absolute().parts


def walk(dataset: str, root: Path) -> Tree:
    """List everything below `root`.

    Raises:
        UserMistake: there is no such folder.
    """
    if not root.is_dir():
        raise UserMistake(f"{dataset}: there is no folder {root}; set the dataset's root to where its clips lie.")
    clips: list[Path] = []
    files: dict[str, Path] = {}
    findings: list[Finding] = []
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link back up
            folders.clear()
            continue
        seen.add(real)
        here = Path(folder)
        for name in [*folders]:
            if Path(name).suffix.lower() in VIDEO_SUFFIXES:
                folders.remove(name)
                findings.append(Finding((here / name).relative_to(root).as_posix(), "a folder of pictures, not a clip"))
        folders.sort()
        for name in sorted(names):
            is_clip = os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES
            if is_clip and name.startswith("."):
                findings.append(Finding((here / name).relative_to(root).as_posix(), "a hidden file"))
            elif is_clip:
                clips.append(here / name)
            else:
                files.setdefault(name, here / name)
    return Tree(root, tuple(clips), files, tuple(findings))


def indexed(
    dataset: str, tree: Tree, samples: Iterable[Sample], findings: list[Finding], expected: str
) -> DatasetIndex:
    """The index of the samples, whose `key` is still the dataset's own name for the clip.

    Of several files with one name the first in path order is the sample, the others are findings.

    Args:
        expected: what clips of this dataset look like, for the message where there are none.

    Raises:
        UserMistake: no sample at all.
    """
    named: dict[str, Sample] = {}
    findings = [*tree.findings, *findings]
    for sample in samples:
        if sample.key in named:
            first = tree.relative(named[sample.key].path)
            findings.append(Finding(tree.relative(sample.path), "a second copy of a clip", f"the first is {first}"))
        else:
            named[sample.key] = sample
    if not named:
        raise UserMistake(f"{dataset}: {tree.root} holds no {expected}{_instead(tree, findings, dataset)}")
    keyed = (replace(s, key=key) for s, key in zip(named.values(), safe_keys(named), strict=True))
    return DatasetIndex(dataset, tree.root, tuple(sorted(keyed, key=lambda s: s.key)), tuple(findings))


def sibling_audio(clip: Path) -> Path | None:
    """The soundtrack of a clip that keeps it in a file of its own: beside it, or in the folder for sounds beside its.

    `videos/NAME.mp4` with `audios/NAME.wav`, `split_5s_video/...` with `split_5s_audio/...`.
    """
    folder = clip.parent
    places = [folder, folder.parent / folder.name.replace("video", "audio"), folder.parent / "audios"]
    return next((file for place in places if (file := place / f"{clip.stem}.wav").is_file()), None)


def rows(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """A metadata table's rows, blanks around names and cells stripped, byte-order mark dropped.

    A column without a name has the key "".
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.reader(file, delimiter=delimiter)
        header = [name.strip() for name in next(table, [])]
        for row in table:
            if any(cell.strip() for cell in row):
                yield dict(zip(header, (cell.strip() for cell in row), strict=False))


def _instead(tree: Tree, findings: list[Finding], dataset: str) -> str:
    """What the folder seems to hold, to end the sentence that says what it lacks."""
    archives = sorted(name for name in tree.files if _ARCHIVE.fullmatch(name))
    other = looks_like(tree)
    if other and other != dataset:
        return f"; it looks like a folder of the dataset '{other}'."
    if archives:
        return f"; unpack the archives in it first ({', '.join(archives[:3])}{', …' if len(archives) > 3 else ''})."
    if findings:
        return f"; {len(findings)} files were passed over, the first being {findings[0].subject}: {findings[0].reason}."
    return "; no video file lies below it." if not tree.clips else "."


def looks_like(tree: Tree) -> str | None:
    """The name of the adapter that the folder's file names speak for."""
    folders = {part for clip in tree.clips[:1000] for part in tree.parts(clip)}
    if "meta_data.csv" in tree.files or any(re.fullmatch(r"(Real|Fake)Video-(Real|Fake)Audio", f) for f in folders):
        return "fakeavceleb"
    if "celebvhq_info.json" in tree.files or "35666" in folders:
        return "celebvhq"
    if any(name.endswith("_annotion_time.txt") for name in tree.files) or "HDTF-RGB-512" in folders:
        return "hdtf"
    if "vox2_meta.csv" in tree.files or any(re.fullmatch(r"id\d{5}", folder) for folder in folders):
        return "voxceleb"
    return "folder" if tree.clips else None
