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
from bench.prompts.rules import VoiceRule
from narrator.contract import Voice


def find_voice(
    sample: Sample, index: DatasetIndex, decoding: Decoding, rule: VoiceRule = "another-clip"
) -> tuple[Voice, str]:
    """A voice profile for the sample and where it was taken from.

    The reference audio that the dataset keeps for the clip (`metadata["voice_profile"]`) goes before every rule. Then,
    by the rule: the next clip of the same speaker by key, the first one following the last, that has sound; the second
    half of the sample's own soundtrack, of the part of it that is read; the whole of that part. The reference stays the
    whole part, its second half included. Where the reference audio cannot be used, the words for the source say so and
    why.

    Raises:
        NoPrompt: nothing is heard where the rule may look.
        UnreadableClip: the sample's own soundtrack cannot be decoded.
    """
    refused = ""
    for path, source in _elsewhere(sample, index, rule):
        try:
            heard, rate = _heard(path, decoding)
            if not is_silent(heard):
                return Voice(heard, rate), source + refused
            reason = "it is silent"
        except UnreadableClip as error:
            reason = error.reason
        if str(path) == str(sample.metadata.get("voice_profile")):  # verifying counts the clips that cannot be used
            refused = f" (not {source}: {reason})"
    if rule == "only-another-clip":
        raise NoPrompt(f"no voice profile: {_lacking(sample, index)}{refused}")
    own, rate = _heard(sample.soundtrack, decoding)
    taken = own if rule == "same-clip" else own[len(own) // 2 :]
    if is_silent(taken):
        why = f"{_lacking(sample, index)}, and " if rule == "another-clip" else ""
        raise NoPrompt(f"no voice profile: {why}its own {'sound' if rule == 'same-clip' else 'second half'} is silent")
    where = "the clip itself" if rule == "same-clip" else "second half of the clip"
    return Voice(np.ascontiguousarray(taken), rate), f"{where}{refused}"


def not_another_clip(sample: Sample, index: DatasetIndex, rule: VoiceRule, source: str) -> str | None:
    """Why the voice comes from the clip itself where the rule would rather have had another; None where all is well."""
    missed = rule == "another-clip" and source.startswith("second half of the clip")
    return _lacking(sample, index) if missed else None


def _lacking(sample: Sample, index: DatasetIndex) -> str:
    if not sample.speaker:
        return "its speaker is unknown"
    if len(index.by_speaker.get(sample.speaker, ())) < 2:
        return "its speaker has no other clip"
    return "no other clip of its speaker has sound"


def _elsewhere(sample: Sample, index: DatasetIndex, rule: VoiceRule) -> Iterator[tuple[Path, str]]:
    if "voice_profile" in sample.metadata:
        path = Path(sample.metadata["voice_profile"])
        yield path, f"{path.parent.name}/{path.name}"
    if rule not in ("another-clip", "only-another-clip"):
        return
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
