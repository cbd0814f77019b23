"""HDTF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.datasets.dataset import NOT_ON_DISK, DatasetIndex, Finding, Sample
from bench.datasets.tree import Tree, indexed, sibling_audio, walk

_LICENCE = "HDTF: CC BY 4.0 by its README, GPL-3 by its LICENSE file"
_SUBSETS = ("RD", "WDA", "WRA")
_CLIP = re.compile(
    rf"(?:(?:{'|'.join(_SUBSETS)})_)?(?P<video>[A-Za-z]+(?:-[A-Za-z]+)*\d*)_(?P<number>\d+)(?:_clip_\d+|#\d+)?"
)
_NUMBERED_RECORDING = re.compile(r"Radio\d+")


class _Listed(NamedTuple):
    """A clip as the metadata name it: Radio11, 0 is `Radio11_0.mp4` and `RD_Radio11_000.mp4`."""

    video: str
    number: int


class HDTF:
    """`RD_Radio11_000.mp4` or `Radio11_0.mp4` in any folder, and the pieces `..._clip_0.mp4` and `...#1.mp4` of either.

    Soundtracks in a sibling folder (`original_videos/` with `audios/`, `split_5s_video/` with `split_5s_audio/`) are
    found. The speaker is the video's name without the digits at its end; `Radio<n>` are numbered recordings whose
    speaker is unknown. The crop and time tables (`*_crop_wh.txt`, `*_annotion_time.txt`) tell which clips are missing.
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
                    audio=sibling_audio(path),
                    metadata={"video": match["video"]},
                )
            )
        cropped = set(_cropped(tree))
        for clip in sorted(cropped - present):
            findings.append(Finding(f"{clip.video}_{clip.number}", NOT_ON_DISK))
        for clip in sorted(set(_timed(tree)) - cropped - present):
            findings.append(Finding(f"{clip.video}_{clip.number}", "timed in the metadata but never cropped"))
        return indexed(self.name, tree, samples, findings, "clip named RD_Radio11_000.mp4 or Radio11_0.mp4")


def _speaker(video: str) -> str | None:
    return None if _NUMBERED_RECORDING.fullmatch(video) else video.rstrip("0123456789") or None


def _lines(tree: Tree, table: str) -> Iterator[list[str]]:
    for subset in _SUBSETS:
        if path := tree.files.get(f"{subset}_{table}.txt"):
            for line in path.read_text(encoding="utf-8-sig").splitlines():
                if cells := line.split():
                    yield cells


def _cropped(tree: Tree) -> Iterator[_Listed]:
    """`Radio11_0.mp4 412 599 0 599`: clips that the authors cropped."""
    for name, *_ in _lines(tree, "crop_wh"):
        video, _, number = name.removesuffix(".mp4").rpartition("_")
        yield _Listed(video, int(number))


def _timed(tree: Tree) -> Iterator[_Listed]:
    """`Radio11.mp4 00:30-01:00 01:30-02:30`: one clip for each span."""
    for name, *spans in _lines(tree, "annotion_time"):
        for number in range(len(spans)):
            yield _Listed(name.removesuffix(".mp4"), number)
