"""What a score is worth by chance: clips of the same dataset paired with the wrong references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narrator.contract import FinishedClip, GenerationFailed, Prompt, ReferenceClip


class Chance:
    """Answers a prompt with a real clip of another speaker."""

    name = "chance"

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}

    def for_dataset(self, clips: Sequence[ReferenceClip]) -> Chance:
        """Chance for these clips; see `other_speaker`."""
        bound = Chance()
        bound._paths = {key: clip.path for key, clip in other_speaker(clips).items()}
        return bound

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """The other clip; `GenerationFailed` where the dataset has no such key."""
        if prompt.key not in self._paths:
            raise GenerationFailed(f"the dataset has no clip {prompt.key!r}, so none was drawn for it")
        return FinishedClip(self._paths[prompt.key])

    def describe(self) -> Mapping[str, Any]:
        """What is returned."""
        return {"returns": "a clip of another speaker where speakers are known and allow it, else another clip"}


def other_speaker(clips: Sequence[ReferenceClip]) -> dict[str, ReferenceClip]:
    """A derangement: every clip is drawn once, never for its own key, and as seldom as possible for its own speaker.

    Clips are sorted by speaker and key and rotated by the size of the largest speaker, so the order of `clips` does not
    matter, and nobody meets their own clips unless one speaker owns more than half of them. A clip without a known
    speaker counts as a speaker of its own.

    Raises:
        GenerationFailed: there are fewer than two clips.
    """
    if len(clips) < 2:
        raise GenerationFailed(f"chance needs at least two clips to exchange, the dataset has {len(clips)}")
    owner = {clip.key: (clip.speaker is None, clip.speaker or clip.key) for clip in clips}
    ordered = sorted(clips, key=lambda clip: (owner[clip.key], clip.key))
    owned = [owner[clip.key] for clip in ordered]
    turn = min(max(owned.count(speaker) for speaker in set(owned)), len(ordered) - 1)
    return {clip.key: ordered[(i + turn) % len(ordered)] for i, clip in enumerate(ordered)}
