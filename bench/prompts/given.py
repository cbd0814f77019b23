"""Parts of a prompt that a user hands over as files, instead of a clip that holds them all."""

from __future__ import annotations

from pathlib import Path

from bench.files import UnreadableFile, as_text, read_small
from bench.media.audio import is_silent, native_waveform, resampled
from bench.media.clip import Decoding
from bench.media.container import UnreadableClip, failures_of
from narrator.contract import Voice

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
