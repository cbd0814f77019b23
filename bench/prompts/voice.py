"""The voice profile: the same person speaking elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.datasets.dataset import DatasetIndex, Sample
from bench.media.audio import is_silent, native_waveform, resampled
from bench.media.clip import Decoding
from bench.media.container import UnreadableClip, failures_of
from bench.prompts.refusal import NoPrompt
from narrator.contract import Voice


def find_voice(sample: Sample, index: DatasetIndex, decoding: Decoding) -> tuple[Voice, str]:
    """A voice profile for the sample and where it was taken from.

    In this order: the reference audio that the dataset keeps for the clip (`metadata["voice_profile"]`); the next clip
    of the same speaker by key, the first one following the last, that has sound; else the second half of the sample's
    own soundtrack, of the part of it that is read. The reference stays the whole part, its second half included. Where
    the reference audio cannot be used, the words for the source say so and why.

    Raises:
        NoPrompt: nothing is heard in the sample's second half either.
        UnreadableClip: the sample's own soundtrack cannot be decoded.
    """
    refused = ""
    for path, source in _elsewhere(sample, index):
        try:
            heard, rate = _heard(path, decoding)
            if not is_silent(heard):
                return Voice(heard, rate), source + refused
            reason = "it is silent"
        except UnreadableClip as error:
            reason = error.reason
        if str(path) == str(sample.metadata.get("voice_profile")):  # verifying counts the clips that cannot be used
            refused = f" (not {source}: {reason})"
    own, rate = _heard(sample.soundtrack, decoding)
    second_half = own[len(own) // 2 :]
    if is_silent(second_half):
        raise NoPrompt("no voice profile: no other clip of its speaker has sound, and its own second half is silent")
    return Voice(np.ascontiguousarray(second_half), rate), f"second half of the clip{refused}"


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
    with failures_of(path):
        return resampled(native, rate, target), target
