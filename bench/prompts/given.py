"""Parts of a prompt that a user hands over as files, instead of a clip that holds them all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.files import UnreadableFile, as_text, read_small
from bench.media.audio import is_silent, native_waveform, resampled
from bench.media.clip import Decoding
from bench.media.container import UnreadableClip, failures_of
from bench.media.image import driving_image
from bench.prompts.refusal import NoPrompt
from narrator.contract import Voice

if TYPE_CHECKING:
    from bench.datasets.dataset import Sample

LONGEST_TEXT = 1 << 20
"""Bytes; nobody speaks more in one clip."""


def given_voice(path: Path, decoding: Decoding) -> Voice:
    """The sound of an audio file, or of a clip, as a voice profile: the part that `decoding` reads, at its rate.

    Raises:
        UnreadableClip: it cannot be decoded, or nothing is heard in it.
    """
    native, rate = native_waveform(path, decoding.max_seconds)
    if is_silent(native):
        raise UnreadableClip(path, f"nothing is heard in its first {decoding.max_seconds:g} s, so it tells no voice")
    target = decoding.sample_rate or rate
    with failures_of(path):
        return Voice(resampled(native, rate, target), target)


def given_text(path: Path) -> str:
    """The words in a text file, blanks and line breaks collapsed.

    Raises:
        UnreadableFile: it cannot be read, is no UTF-8, or holds no word.
    """
    text = " ".join(as_text(read_small(path, LONGEST_TEXT)).split())
    if not text:
        raise UnreadableFile("it holds no words")
    return text


def image_of(sample: Sample) -> tuple[NDArray[np.uint8], str] | None:
    """The driving image that the sample names, uint8 [H, W, 3], and its file; None where it names none.

    Raises:
        NoPrompt: it cannot be used.
    """
    if sample.image is None:
        return None
    source = _named(sample.image)
    try:
        return driving_image(sample.image), source
    except UnreadableClip as error:
        raise NoPrompt(f"no driving image: {source}: {error.reason}") from error


def voice_of(sample: Sample, decoding: Decoding) -> tuple[Voice, str] | None:
    """The voice profile that the sample insists on, and its file; None where it names none.

    Raises:
        NoPrompt: it cannot be used.
    """
    if sample.voice is None:
        return None
    source = _named(sample.voice)
    try:
        return given_voice(sample.voice, decoding), source
    except UnreadableClip as error:
        raise NoPrompt(f"no voice profile: {source}: {error.reason}") from error


def check_given(sample: Sample, max_seconds: float) -> None:
    """Read whatever files the sample names beside its clip.

    Raises:
        NoPrompt: one cannot be used; the message says which and why.
    """
    image_of(sample)
    voice_of(sample, Decoding(sample_rate=None, max_seconds=max_seconds))


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
