"""The whole generator: prompt text, driving image and voice profile to speech and talking-face video."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from narrator.checkpoints.storing import save
from narrator.contract import GenerationFailed, Narration, Prompt, StageClock, Voice
from narrator.entangle import Latents, rows, text_rows_of_ids
from narrator.face import FaceMesh
from narrator.networks import Networks
from narrator.prompts import check_voice, speakable_text
from narrator.runtime import Origin, RuntimeOptions
from narrator.speech.hifigan import SPEECH_RATE
from narrator.speech.tokenizer import SpeechTokenizer
from narrator.threads import each_on_one_thread, one_thread
from narrator.video.face_inputs import FaceInputs, prepare_face
from narrator.video.identity import IdentityEmbedder


class Narrator:
    """A generator (see `narrator.contract.Generator`): calling it with a prompt gives a narration.

    The same prompt and seed give the same bytes on the same machine, whatever was narrated before and however many
    threads PyTorch may use: on the processor one is used. Frames are made while they are read, 16 at a time, so memory
    does not grow with the length of the clip.

    Args:
        networks: every part filled.
        tokenizer: of the speech part's vocabulary.
        origin: where the weights come from.
        options: how to run.
        faces: finds the face in the driving image.
        embedder: ArcFace; without it the identity is zeros, and `describe` says so.
    """

    def __init__(
        self,
        networks: Networks,
        tokenizer: SpeechTokenizer,
        origin: Origin,
        options: RuntimeOptions,
        faces: FaceMesh | None = None,
        embedder: IdentityEmbedder | None = None,
    ) -> None:
        if tokenizer.size > networks.config.speech.gpt.text_ids:
            raise ValueError(
                f"The vocabulary has {tokenizer.size} ids, the speech model {networks.config.speech.gpt.text_ids};"
                " name the vocabulary that belongs to the speech checkpoint."
            )
        self.networks = networks
        self.tokenizer = tokenizer
        self.origin = origin
        self.options = options
        self.name = f"narrator-{origin.preset}" + ("-untrained" if origin.untrained else "")
        self._faces = faces
        self._embedder = embedder
        self._device = torch.device(options.device)
        networks.place(self._device, getattr(torch, options.dtype))
        self._identity_encoder = all(encoder.is_identity() for encoder in networks.entangler.encoders())

    def __call__(self, prompt: Prompt) -> Narration:
        """Narrate one prompt; the speech is made at once, the frames while they are read.

        Raises:
            GenerationFailed: nothing to speak, an unusable voice profile, or no face in the driving image.
        """
        clock = StageClock(torch.cuda.synchronize if self._device.type == "cuda" else None)
        check_voice(prompt.voice)
        with one_thread():
            with clock.stage("face"):
                face = self._prepared(prompt.image)
            with clock.stage("text"):
                pieces = self._pieces(prompt.text)
            with clock.stage("voice"):
                voice, speaker = self._encode_voice(prompt.voice)
            with clock.stage("entangle"):
                face, voice, speaker = self._entangle(face, voice, speaker, pieces)
            speech = self._speak(pieces, voice, speaker, prompt.seed, clock)
            frames = each_on_one_thread(self._animate(face, speech, prompt.seed, clock))
        return Narration(frames, self.networks.config.video.fps, speech.cpu().numpy(), SPEECH_RATE, clock.seconds)

    def describe(self) -> dict[str, Any]:
        """Parameters, checkpoint hashes and configuration, as JSON values."""
        config, options = self.networks.config, self.options
        return {
            "preset": self.origin.preset,
            "untrained": list(self.origin.untrained),
            "seed": self.origin.seed if self.origin.untrained else None,
            "checkpoint": {role: dict(file) for role, file in self.origin.files.items()},
            "parameters": {name: _count(part) for name, part in self.networks.parts().items()},
            "encoder": {
                "sharing": config.entangle.sharing,
                "ablation": config.entangle.ablation,
                "text_rows": options.text_rows,
                "identity": self._identity_encoder,
            },
            "speech_drives_face": self.networks.features is not None,
            "identity_embedding": self._embedder is not None,
            "options": {
                "steps": options.video.steps,
                "guidance": options.video.guidance,
                "reference_order": options.video.reference_order,
                "motion_scale": list(options.video.motion_scale),
                "attention": options.video.attention,
                "dtype": options.dtype,
                "device": self._device.type,
                "compile": options.compile,
                "speech": vars(options.speech),
            },
            "notes": [*self.origin.notes, *self._remarks()],
        }

    def save(self, path: Path) -> None:
        """Write all weights, sizes and the vocabulary to one `.safetensors` file, which `narrator.load` reads."""
        origin = self.origin
        save(path, self.networks, origin.preset, self.tokenizer.to_json(), origin.untrained, origin.seed)

    def _remarks(self) -> Iterator[str]:
        if self.origin.untrained:
            yield f"Untrained: the weights of {', '.join(self.origin.untrained)} were drawn from a seed, not learnt."
        if self.networks.features is None:
            yield "The speech does not drive the face: this checkpoint has no audio projection, as published."
        else:
            yield "The generated speech drives the face through wav2vec 2.0 features and the audio attention."
        if self._identity_encoder:
            yield "The entangled encoder is the identity: it changes nothing."
        if self._embedder is None:
            yield "No ArcFace network was given: the identity embedding is zeros."

    def _prepared(self, image: NDArray[np.uint8]) -> FaceInputs:
        if self._faces is None:
            raise ValueError(
                "The generator needs the networks that find the face; pass weight_paths with"
                f" {', '.join(FaceMesh.weights)} to narrator.load (the harness does)."
            )
        return prepare_face(image, self._faces, self._embedder, self.networks.config.video)

    def _pieces(self, text: str) -> list[Tensor]:
        """Token ids of each piece of the text, start and stop included, [1, n]."""
        try:
            pieces = self.tokenizer.encode_long(speakable_text(text), self.networks.config.speech.gpt.text_limit - 1)
        except ValueError as error:
            raise GenerationFailed(str(error)) from error
        start, stop = self.tokenizer.start, self.tokenizer.stop
        return [torch.tensor([[start, *ids, stop]], device=self._device) for ids in pieces]

    def _encode_voice(self, voice: Voice) -> tuple[Tensor, Tensor]:
        try:
            waveform = torch.as_tensor(voice.waveform, dtype=torch.float32, device=self._device)
            return self.networks.speech.encode_voice(waveform, voice.sample_rate)
        except ValueError as error:
            raise GenerationFailed(str(error)) from error

    @torch.inference_mode()
    def _entangle(
        self, face: FaceInputs, voice: Tensor, speaker: Tensor, pieces: list[Tensor]
    ) -> tuple[FaceInputs, Tensor, Tensor]:
        pixels, mask, identity = (x.to(self._device)[None] for x in (face.pixels, face.mask, face.identity))
        latents = Latents(voice, speaker, pixels, mask, identity)
        entangled = self.networks.entangler(latents, self._text_rows(pieces))
        face = replace(face, pixels=entangled.pixels[0], mask=entangled.face_mask[0], identity=entangled.face[0])
        return face, entangled.voice, entangled.speaker

    def _text_rows(self, pieces: list[Tensor]) -> Tensor:
        width = self.networks.config.entangle.width
        if self.options.text_rows == "ids":
            try:
                return text_rows_of_ids(torch.cat([ids[:, 1:-1] for ids in pieces], 1), width)
            except ValueError as error:
                raise GenerationFailed(str(error)) from error
        return torch.cat([rows(self.networks.speech.embed_text(ids), width) for ids in pieces], 1)

    def _speak(self, pieces: list[Tensor], voice: Tensor, speaker: Tensor, seed: int, clock: StageClock) -> Tensor:
        """Waveform [S] of all pieces, one after another."""
        generator = torch.Generator().manual_seed(seed)
        spoken = []
        for ids in pieces:
            with clock.stage("speech decode"):
                _, latents = self.networks.speech.decode(ids, voice, self.options.speech, generator)
            with clock.stage("vocoder"):
                spoken.append(self.networks.speech.vocode(latents, speaker))
        return torch.cat(spoken)

    def _animate(self, face: FaceInputs, speech: Tensor, seed: int, clock: StageClock) -> Iterator[NDArray[np.uint8]]:
        fps = self.networks.config.video.fps
        features = None
        if self.networks.features is not None:
            with clock.stage("speech features"):
                features = self.networks.features(speech, SPEECH_RATE, fps)
        return self.networks.animator.animate(
            face,
            math.ceil(fps * len(speech) / SPEECH_RATE),
            seed=seed,
            audio=features,
            sampling=self.options.video,
            clock=clock,
        )


def _count(part: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())
