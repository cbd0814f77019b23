"""The driving image, frozen, under neural speech: what a score gives for no motion at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import narrator.options as options
from baselines.speech import NeuralSpeech
from narrator.contract import GenerationFailed, Narration, Prompt, StageClock

_CHUNK = 32


class Still:
    """Shows the driving image at its own size (odd edges lose a pixel) for as long as the text is spoken.

    Args:
        fps: frames per second.

    Raises:
        ValueError: an option cannot be used.
    """

    name = "still"

    def __init__(self, fps: float = 25.0) -> None:
        self._fps = options.number("generator 'still': fps", fps, 1, 120)
        self._speech = NeuralSpeech()

    def __call__(self, prompt: Prompt) -> Narration:
        """Speak the text in the neural voice, not in that of the profile, over the frozen image.

        Raises:
            GenerationFailed: the text cannot be spoken, or the image is too small.
        """
        height, width = prompt.image.shape[:2]
        if min(height, width) < 2:
            raise GenerationFailed(f"the driving image has {width} x {height} pixels; at least 2 x 2 are needed")
        clock = StageClock()
        with clock.stage("speech"):
            waveform = self._speech.say(prompt.text, prompt.seed)
        count = math.ceil(len(waveform) / self._speech.sample_rate * self._fps)
        image = prompt.image[: height // 2 * 2, : width // 2 * 2]
        return Narration(_repeat(image, count), self._fps, waveform, self._speech.sample_rate, clock.seconds)

    def describe(self) -> Mapping[str, Any]:
        """Frame rate and voice."""
        return {"fps": self._fps, "speech": self._speech.describe()}


def _repeat(image: NDArray[np.uint8], count: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, count, _CHUNK):
        yield np.broadcast_to(image, (min(_CHUNK, count - start), *image.shape))
