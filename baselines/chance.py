"""What a score is worth by chance: real clips of other people in the place of generated ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narrator.contract import FinishedClip, GenerationFailed, Prompt, ReferenceClip


class Chance:
    """Answers a prompt with a real clip of another speaker."""

    name = "chance"

    def __init__(self) -> None:
        self._clips: dict[str, ReferenceClip] = {}

    def for_dataset(self, clips: Sequence[ReferenceClip]) -> Chance:
        """Chance for these clips; see `other_speaker`."""
        bound = Chance()
        bound._clips = other_speaker(clips)
        return bound

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """The other clip; `GenerationFailed` where the dataset has no such key."""
        if prompt.key not in self._clips:
            raise GenerationFailed(f"the dataset has no clip {prompt.key!r}, so none was drawn for it")
        clip = self._clips[prompt.key]
        return FinishedClip(clip.path, clip.audio, rate=clip.rate)

    def inputs(self, prompt: Prompt) -> list[Path]:
        """The files of the other clip, so that who was drawn belongs to the narration."""
        return self(prompt).files()

    def describe(self) -> Mapping[str, Any]:
        """What is returned."""
        return {"returns": "a clip of another speaker where speakers are known and allow it, else another clip"}


def other_speaker(clips: Sequence[ReferenceClip]) -> dict[str, ReferenceClip]:
    """For every prompted clip a clip of another speaker, drawn by the hash of the two keys.

    Clips that no prompt asks for go first: the references exchanged among themselves would still be the same set, and
    a distance between sets would not notice. Where every clip is asked for, one of them is never drawn if that can be
    avoided, for the same reason. The order of `clips` does not matter; a clip without a known speaker counts as a
    speaker of its own.

    Raises:
        GenerationFailed: there are fewer than two clips.
    """
    if len(clips) < 2:
        raise GenerationFailed(f"chance needs at least two clips to exchange, the dataset has {len(clips)}")
    left_out = min(clips, key=lambda clip: _draw(clip.key)).key

    def reluctance(clip: ReferenceClip, other: ReferenceClip) -> tuple[bool, bool, bool, bool, str]:
        own_speaker = clip.speaker is not None and clip.speaker == other.speaker
        withheld = other.prompted and other.key == left_out
        return other.key == clip.key, own_speaker, other.prompted, withheld, _draw(clip.key, other.key)

    return {clip.key: min(clips, key=lambda other: reluctance(clip, other)) for clip in clips if clip.prompted}


def _draw(*keys: str) -> str:
    return hashlib.sha256("\0".join(keys).encode()).hexdigest()
