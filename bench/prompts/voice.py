"""The voice profile: the same person speaking elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.datasets.dataset import DatasetIndex, Sample
from bench.media.audio import is_silent, native_waveform, resampled
from bench.media.clip import Decoding
from bench.media.container import UnreadableClip
from bench.prompts.refusal import NoPrompt
from narrator.contract import Voice


def find_voice(sample: Sample, index: DatasetIndex, decoding: Decoding) -> tuple[Voice, str]:
    """A voice profile for the sample and where it was taken from.

    In this order: the reference audio that the dataset keeps for the clip (`metadata["voice_profile"]`); the next clip
    of the same speaker by key, the first one following the last, that has sound; else the second half of the sample's
    own soundtrack, of the part of it that is read. The reference stays the whole part, its second half included.

    Raises:
        NoPrompt: nothing is heard in the sample's second half either.
        UnreadableClip: the sample's own soundtrack cannot be decoded.
    """
    for path, source in _elsewhere(sample, index):
        try:
            heard, rate = _heard(path, decoding)
        except UnreadableClip:  # verifying counts that clip; the next one serves as well
            continue
        if not is_silent(heard):
            return Voice(heard, rate), source
    own, rate = _heard(sample.soundtrack, decoding)
    second_half = own[len(own) // 2 :]
    if is_silent(second_half):
        raise NoPrompt("no voice profile: no other clip of its speaker has sound, and its own second half is silent")
    return Voice(np.ascontiguousarray(second_half), rate), "second half of the clip"


def _elsewhere(sample: Sample, index: DatasetIndex) -> Iterator[tuple[Path, str]]:
    if "voice_profile" in sample.metadata:
        path = Path(sample.metadata["voice_profile"])
        yield path, f"{path.parent.name}/{path.name}"
    clips = index.by_speaker.get(sample.speaker or "", ())
    later = [clip for clip in clips if clip.key > sample.key]
    earlier = [clip for clip in clips if clip.key < sample.key]
    for clip in later + earlier:
        yield clip.soundtrack, f"clip {clip.key}"


def _heard(path: Path, decoding: Decoding) -> tuple[NDArray[np.float32], int]:
    native, rate = native_waveform(path, decoding.max_seconds)
    target = decoding.sample_rate or rate
    return resampled(native, rate, target), target
