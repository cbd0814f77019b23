"""Clips that lie as folders of numbered pictures, as many generators write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.media.container import UnreadableClip, failures_of
from bench.media.image import IMAGE_SUFFIXES, read_image
from bench.media.timing import Shown, as_fraction, at_rate
from bench.media.video import in_chunks

_NUMBERED = re.compile(r"(?P<name>.*?)(?P<number>\d{1,18})")


def pictures_in(folder: Path) -> list[Path]:
    """The picture files directly in a folder, by name; hidden ones left out."""
    with failures_of(folder):
        entries = sorted(folder.iterdir())
    return [path for path in entries if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")]


def is_clip_of_pictures(folder: Path) -> bool:
    """Whether a folder's pictures are named like the frames of one clip: one name and different numbers."""
    matches = [_NUMBERED.fullmatch(path.stem) for path in pictures_in(folder)]
    return bool(matches) and len({match["name"] if match else None for match in matches} | {None}) == 2


def frame_files(folder: Path) -> list[Path]:
    """The frames in the order of their numbers.

    Raises:
        UnreadableClip: a number is missing in between, or stands twice.
    """
    numbered = []
    for path in pictures_in(folder):
        match = _NUMBERED.fullmatch(path.stem)
        if match is None:
            raise UnreadableClip(folder, f"its picture {path.name} has no number")
        numbered.append((int(match["number"]), path))
    if not numbered:
        raise UnreadableClip(folder, "it holds no picture")
    numbered.sort()
    for (before, one), (after, other) in pairwise(numbered):
        if after == before:
            raise UnreadableClip(folder, f"its pictures {one.name} and {other.name} have one number")
        if after != before + 1:
            raise UnreadableClip(folder, f"its pictures' numbers jump from {before} to {after}")
    return [path for _, path in numbered]


def first_picture(folder: Path) -> NDArray[np.uint8]:
    """The first frame, uint8 [H, W, 3]; raises as `frame_files` and `read_image`."""
    return read_image(frame_files(folder)[0])


def picture_frames(folder: Path, rate: float, fps: float | None, max_seconds: float) -> Iterator[NDArray[np.uint8]]:
    """The pictures as a clip of `rate` frames per second; see `bench.media.clip.frames`.

    Raises:
        UnreadableClip: a picture cannot be read, is of another size than the first, or is missing.
    """
    yield from in_chunks((picture, count) for picture, count in at_rate(_shown(folder, rate), fps, max_seconds))


def _shown(folder: Path, rate: float) -> Iterator[Shown[NDArray[np.uint8]]]:
    period = 1 / as_fraction(rate)
    size: tuple[int, ...] | None = None
    for number, path in enumerate(frame_files(folder)):
        try:
            picture = read_image(path)
        except UnreadableClip as error:
            raise UnreadableClip(folder, f"its picture {path.name} cannot be used: {error.reason}") from error
        if size not in (None, picture.shape):
            raise UnreadableClip(folder, f"its picture {path.name} is of another size than those before")
        size = picture.shape
        yield Shown(picture, number * Fraction(period), Fraction(period))
