"""Stage `features`: a small wav2vec 2.0 network learns which phones sound in each video frame.

So its hidden states tell the face what the mouth should do, as those of the large network do, which learnt from letters
(Baevski et al. 2020, arXiv:2006.11477). Loss: cross-entropy with the share of the frame that each phone takes. Noise is
added, since generated speech is less clean than the clips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from narrator.speech.features import FEATURE_RATE, SpeechFeatures
from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import Ragged, Utterance, read_phones, read_utterances

SYMBOLS = "pbmfvθðtdnlszɾTʃʒʧʤkɡŋhjwɹiɪᵻɛAæIɑʌəɐᵊɔYOWuʊɜɚ"
"""Phones that are told apart; silence, stress and all else are one more class, the first."""


class FeaturesSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        frames: video frames of a training example.
        noise: largest deviation of the added noise, where the speech has one.
    """

    frames: int = Field(default=50, ge=8, le=1000, strict=True)
    noise: float = Field(default=0.1, ge=0, le=1)


class PhoneReader(nn.Module):
    """The speech features and, for training alone, the phones read from them."""

    def __init__(self, materials: Materials) -> None:
        super().__init__()
        self.features = SpeechFeatures(materials.config.features)
        self.phones = nn.Linear(materials.config.features.width, len(SYMBOLS) + 1)

    def forward(self, audio: Tensor, frames: int) -> Tensor:
        """Speech [B, S] at 16 kHz, normalised -> scores of the phones in each frame, [B, frames, classes]."""
        scores: Tensor = self.phones(self.features.states(audio, frames)[:, :, -1])
        return scores


class FeaturesStage(Stage):
    """See the module."""

    name = "features"

    def __init__(self, materials: Materials, settings: FeaturesSettings) -> None:
        if materials.config.video.audio_projection is None:
            raise TrainingError(
                "The stage 'features' teaches how speech drives the face, which this preset has no networks for; leave"
                " the stage out."
            )
        self._settings, self._seed = settings, materials.seed
        self._step = round(FEATURE_RATE / materials.config.video.fps)
        utterances = read_utterances(materials.data)
        self._sound = speech_16k(materials, utterances)
        self._shares = _shares(materials, utterances)
        self.module: PhoneReader = PhoneReader(materials)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng(derived_seed(self._seed, self.name, "batch", step))
        frames, sounds, targets = self._settings.frames, [], []
        for place in rng.integers(len(self._sound), size=self._settings.batch):
            sound, shares = self._sound[int(place)], self._shares[int(place)]
            start = int(rng.integers(max(1, len(shares) - frames + 1)))
            piece = np.asarray(sound[start * self._step : (start + frames) * self._step], np.float32)
            sounds.append(np.pad(piece, (0, frames * self._step - len(piece))))
            target = np.asarray(shares[start : start + frames], np.float32)
            silent = np.eye(1, target.shape[1], dtype=np.float32)
            targets.append(np.concatenate([target, np.repeat(silent, frames - len(target), 0)]))
        return {"sound": torch.from_numpy(np.stack(sounds)), "shares": torch.from_numpy(np.stack(targets))}

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        sound = batch["sound"]
        loud = torch.rand(len(sound), 1, generator=generator) * self._settings.noise
        noisy = sound + (loud * torch.randn(sound.shape, generator=generator)).to(sound)
        scores = self.module(noisy, batch["shares"].shape[1])
        return {"phones": functional.cross_entropy(scores.flatten(0, 1), batch["shares"].flatten(0, 1))}

    def tensors(self) -> dict[str, Tensor]:
        """The part `features`."""
        return {f"features.{key}": value for key, value in self.module.features.state_dict().items()}


def speech_16k(materials: Materials, utterances: Sequence[Utterance]) -> Ragged:
    """The whole sound of all clips at 16 kHz, of zero mean and unit variance, float16 [S], computed once."""

    def computed() -> Iterator[NDArray[Any]]:
        for utterance in utterances:
            sound = utterance.waveform(FEATURE_RATE)
            normalised = (sound - sound.mean()) / (sound.var(correction=0) + 1e-7).sqrt()
            yield normalised.numpy().astype(np.float16)

    return Ragged.cached(materials.cache / "speech-16k.npy", computed())


def trained_features(materials: Materials) -> SpeechFeatures:
    """The speech features that the stage has trained."""
    reader = PhoneReader(materials)
    reader.load_state_dict(dict(materials.trained[FeaturesStage.name]))
    return reader.features.eval().requires_grad_(False)


def _shares(materials: Materials, utterances: Sequence[Utterance]) -> Ragged:
    """The share of each frame that each class takes, float16 [T, classes]."""
    fps, sound = materials.config.video.fps, speech_16k(materials, utterances)

    def computed() -> Iterator[NDArray[Any]]:
        for place, utterance in enumerate(utterances):
            count = round(len(sound[place]) * fps / FEATURE_RATE)
            phones = read_phones(utterance)
            if phones is None:
                raise TrainingError(
                    f"The clip {utterance.path} has no .phones.json beside it; the stage 'features' needs a list of"
                    " [phone, start, end] for every clip, such as training clips of this package have."
                )
            yield _shares_of(phones, count, fps).astype(np.float16)

    return Ragged.cached(materials.cache / "phone-shares.npy", computed())


def _shares_of(phones: Sequence[tuple[str, float, float]], count: int, fps: int) -> NDArray[np.float64]:
    """Phones with start and end in seconds -> share of each frame by class, [count, classes]; rows add up to 1."""
    shares = np.zeros((count, len(SYMBOLS) + 1))
    edges = np.arange(count + 1) / fps
    for symbol, start, end in phones:
        kind = SYMBOLS.find(symbol) + 1  # 0 for what is not among them
        overlap = np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)
        shares[:, kind] += np.clip(overlap, 0, None) * fps
    shares[:, 0] = np.clip(1 - shares[:, 1:].sum(1), 0, None)
    return np.asarray(shares / shares.sum(1, keepdims=True))
