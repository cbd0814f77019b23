"""HDTF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.indexing import indexed
from bench.datasets.tables import text_of
from bench.datasets.tree import Tree, printable, walk

_LICENCE = "HDTF: CC BY 4.0 by its README, GPL-3 by its LICENSE file"
_SUBSETS = ("RD", "WDA", "WRA")
_CLIP = re.compile(
    rf"(?:(?:{'|'.join(_SUBSETS)})_)?(?P<video>[A-Za-z]+(?:-[A-Za-z]+)*\d*)_(?P<number>\d+)(?:_clip_\d+|#\d+)?"
)
_CROPPED = re.compile(r"(?P<video>.+)_(?P<number>\d{1,9})(?:\.mp4)?")
_NUMBERED_RECORDING = re.compile(r"Radio\d+")


class _Listed(NamedTuple):
    """A clip as the metadata name it: Radio11, 0 is `Radio11_0.mp4` and `RD_Radio11_000.mp4`."""

    video: str
    number: int

    @property
    def subject(self) -> str:
        """As findings name it."""
        return printable(f"{self.video}_{self.number}")


class HDTF:
    """`RD_Radio11_000.mp4` or `Radio11_0.mp4` in any folder, and the pieces `..._clip_0.mp4` and `...#1.mp4` of either.

    The speaker is the video's name without the digits at its end; `Radio<n>` are numbered recordings whose speaker is
    unknown. The crop and time tables (`*_crop_wh.txt`, `*_annotion_time.txt`) tell which clips are missing.
    """

    name = "hdtf"

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`."""
        tree = walk(self.name, root)
        samples: list[Sample] = []
        findings: list[Finding] = []
        present: set[_Listed] = set()
        for path in tree.clips:
            match = _CLIP.fullmatch(path.stem)
            if match is None:
                findings.append(Finding(tree.relative(path), "no HDTF clip name"))
                continue
            present.add(_Listed(match["video"], int(match["number"])))
            samples.append(
                Sample(
                    key=path.stem.replace("#", "-"),
                    path=path,
                    licence=_LICENCE,
                    speaker=_speaker(match["video"]),
                    metadata={"video": match["video"]},
                )
            )
        cropped, broken = _cropped(tree)
        findings += broken
        for clip in sorted(cropped - present):
            findings.append(Finding(clip.subject, NOT_ON_DISK))
        for clip in sorted(_timed(tree) - cropped - present):
            findings.append(Finding(clip.subject, "timed in the metadata but never cropped"))
        return indexed(self.name, tree, samples, findings, "clip named RD_Radio11_000.mp4 or Radio11_0.mp4")


def _speaker(video: str) -> str | None:
    return None if _NUMBERED_RECORDING.fullmatch(video) else video.rstrip("0123456789") or None


def _lines(tree: Tree, table: str) -> Iterator[tuple[str, list[str]]]:
    """The cells of each line that holds any, after the name and number of the line."""
    for name in (f"{subset}_{table}.txt" for subset in _SUBSETS):
        if path := tree.files.get(name):
            for number, line in enumerate(text_of(path).splitlines(), start=1):
                if cells := line.split():
                    yield f"{name}, line {number}", cells


def _cropped(tree: Tree) -> tuple[set[_Listed], list[Finding]]:
    """`Radio11_0.mp4 412 599 0 599`: clips that the authors cropped, and lines that name none."""
    found: set[_Listed] = set()
    broken: list[Finding] = []
    for place, (name, *_) in _lines(tree, "crop_wh"):
        if match := _CROPPED.fullmatch(name):
            found.add(_Listed(match["video"], int(match["number"])))
        else:
            broken.append(Finding(printable(name[:80]), "no name of a clip in a crop table", place))
    return found, broken


def _timed(tree: Tree) -> set[_Listed]:
    """`Radio11.mp4 00:30-01:00 01:30-02:30`: one clip for each span."""
    return {
        _Listed(name.removesuffix(".mp4"), number)
        for _, (name, *spans) in _lines(tree, "annotion_time")
        for number in range(len(spans))
    }
