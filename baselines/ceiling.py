"""The best a score can get: the reference clip itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narrator.contract import FinishedClip, GenerationFailed, Prompt, ReferenceClip


class Ceiling:
    """Answers every prompt with the reference clip of the same key."""

    name = "ceiling"

    def __init__(self) -> None:
        self._clips: dict[str, ReferenceClip] = {}

    def for_dataset(self, clips: Sequence[ReferenceClip]) -> Ceiling:
        """A ceiling for these clips."""
        bound = Ceiling()
        bound._clips = {clip.key: clip for clip in clips}
        return bound

    def __call__(self, prompt: Prompt) -> FinishedClip:
        """The reference clip; `GenerationFailed` where the dataset has none of that key."""
        if prompt.key not in self._clips:
            raise GenerationFailed(f"the dataset has no reference clip {prompt.key!r}")
        clip = self._clips[prompt.key]
        return FinishedClip(clip.path, clip.audio, rate=clip.rate)

    def inputs(self, prompt: Prompt) -> list[Path]:
        """The files of the reference clip."""
        return self(prompt).files()

    def describe(self) -> Mapping[str, Any]:
        """What is returned."""
        return {"returns": "the reference clip itself"}
