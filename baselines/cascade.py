"""The classic cascade: text to speech, then the voice of the profile, then a face that moves in time with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import narrator.options as options
from baselines.animation import animate
from baselines.puppet.rig import FaceRig
from baselines.speech import NeuralSpeech
from baselines.voice import match_voice
from narrator.contract import GenerationFailed, Narration, Prompt, StageClock
from narrator.face import Face, FaceMesh
from narrator.files import sha256
from narrator.prompts import check_voice


class Cascade:
    """Neural speech in the profile's pitch and timbre; the driving image speaks it.

    Args:
        weight_paths: files of the face mesh, see `weights`.
        fps: frames per second.
        size: longest side of the frames; a larger image is reduced, a smaller one is kept. Both sides are made even.

    Raises:
        ValueError: an option cannot be used.
    """

    name = "cascade"
    weights = FaceMesh.weights

    def __init__(self, weight_paths: Mapping[str, Path], fps: float = 25.0, size: int = 512) -> None:
        self._fps = options.number("generator 'cascade': fps", fps, 1, 120)
        self._size = options.whole_number("generator 'cascade': size (pixels)", size, 64, 4096)
        self._weight_paths = dict(weight_paths)
        self._speech = NeuralSpeech()
        self._mesh: FaceMesh | None = None

    def __call__(self, prompt: Prompt) -> Narration:
        """Narrate; the frames are rendered while they are read.

        Raises:
            GenerationFailed: the text cannot be spoken, no voice can be learnt from the profile, or the image shows no
                face.
        """
        check_voice(prompt.voice)
        clock = StageClock()
        with clock.stage("mesh"):  # first, because an image without a face makes the rest useless
            image, face = self._prepared(prompt.image)
        with clock.stage("speech"):
            utterance = self._speech.utter(prompt.text, prompt.seed)
        rate = self._speech.sample_rate
        with clock.stage("voice"):
            waveform = match_voice(utterance.waveform, rate, prompt.voice)
        with clock.stage("animate"):
            motion = animate(waveform, rate, utterance.phones, self._fps, prompt.seed)

        def frames() -> Iterator[NDArray[np.uint8]]:
            with clock.stage("render"):
                chunks = FaceRig(image, face).render(motion)
            while True:
                with clock.stage("render"):
                    chunk = next(chunks, None)
                if chunk is None:
                    return
                yield chunk

        return Narration(frames(), self._fps, waveform, rate, clock.seconds)

    def describe(self) -> Mapping[str, Any]:
        """Frame rate, size, voice and networks."""
        return {"fps": self._fps, "size": self._size, "speech": self._speech.describe(), "mesh": self._mesh_hashes}

    @cached_property
    def _mesh_hashes(self) -> dict[str, str]:
        return {name: sha256(path) for name, path in self._weight_paths.items()}

    def _prepared(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Face]:
        """The image at the frames' size and the face in its pixels."""
        if self._mesh is None:
            self._mesh = FaceMesh(self._weight_paths)
        image = np.ascontiguousarray(image)
        face = self._mesh.find(image)
        if face is None:
            height, width = image.shape[:2]
            raise GenerationFailed(f"no face found in the driving image ({width} x {height} pixels)")
        height, width = image.shape[:2]
        scale = min(1.0, self._size / max(height, width))
        even = max(2, round(width * scale) // 2 * 2), max(2, round(height * scale) // 2 * 2)
        if even == (width, height):
            return image, face
        ratio = np.array([even[0] / width, even[1] / height, even[0] / width])
        half = np.array([0.5, 0.5, 0.0])  # pixel centres keep their place
        points = (face.points + half) * ratio - half
        return cv2.resize(image, even, interpolation=cv2.INTER_AREA), replace(face, points=points.astype(np.float32))
