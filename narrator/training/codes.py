"""Stage `codes`: a mel spectrogram as discrete codes, 21.5 a second, and back.

The quantiser is finite scalar quantisation (Mentzer et al. 2024, arXiv:2309.15505): a few bounded numbers are rounded
to a few levels each, gradients pass as if they were not, and no code can die as those of a learnt codebook do. Where
XTTS has a discrete VAE. The encoder sees the spectrogram without its mean over time and the decoder is told that mean,
so that codes spend nothing on whose voice it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from narrator.speech.mel import VOICE_RATE, voice_mel
from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import Ragged, Utterance, read_utterances

FRAMES = 4
"""Mel frames a code: 1,024 samples in hops of 256."""

_MELS = 80
_SILENT, _SPREAD = -6.0, 4.0
"""About the mean of a log-mel spectrogram, and a half of its range."""


class CodesSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        levels: of each number that is rounded; their product is the number of codes, which the speech model's size
            fixes: `codes` less start and stop.
        width: channels.
        frames: mel frames of a training example.
    """

    levels: tuple[int, ...] = (8, 8, 8)
    width: int = Field(default=128, ge=8, le=1024, strict=True)
    frames: int = Field(default=96, ge=16, le=4096, multiple_of=FRAMES, strict=True)


class ScalarQuantiser(nn.Module):
    """Rounds each of a few numbers to one of its levels.

    Args:
        levels: how many each number has; at least 2.
    """

    levels: Tensor
    places: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        places = np.cumprod([1, *levels[:-1]])
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        self.count = math.prod(levels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers [..., D] to themselves rounded, in -1..1, and to codes, int64 [...]."""
        top = (self.levels - 1).to(x.dtype)
        bounded = (torch.tanh(x) + 1) / 2 * top
        digits = bounded + (bounded.round() - bounded).detach()
        codes = (digits.detach().round().long() * self.places).sum(-1)
        return digits / top * 2 - 1, codes

    def numbers(self, codes: Tensor) -> Tensor:
        """Codes [...] to the numbers [..., D] that `forward` rounds to."""
        digits = codes[..., None] // self.places % self.levels
        return digits / (self.levels - 1) * 2 - 1


class _Residual(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.mix(functional.gelu(self.conv(self.norm(x))))
        return out


class SpeechCodes(nn.Module):
    """Encoder and decoder between a mel spectrogram and codes.

    Args:
        levels: see `ScalarQuantiser`.
        width: channels.
    """

    def __init__(self, levels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.quantiser = ScalarQuantiser(levels)
        self.encoder = nn.Sequential(
            nn.Conv1d(_MELS, width, 3, padding=1),
            _Residual(width, 1),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            _Residual(width, 1),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            _Residual(width, 1),
            nn.Conv1d(width, len(levels), 1),
        )
        self.voice = nn.Conv1d(_MELS, width, 1)
        self.enter = nn.Conv1d(len(levels), width, 3, padding=1)
        self.decoder = nn.Sequential(
            _Residual(width, 1),
            _Residual(width, 2),
            nn.ConvTranspose1d(width, width, 4, stride=2, padding=1),
            _Residual(width, 1),
            nn.ConvTranspose1d(width, width, 4, stride=2, padding=1),
            _Residual(width, 1),
            _Residual(width, 3),
            nn.Conv1d(width, _MELS, 3, padding=1),
        )

    def forward(self, mel: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Through the codes and back.

        Args:
            mel: log-mel spectrogram [B, 80, 4 n].
            mean: over the whole clip, [B, 80, 1].

        Returns:
            The spectrogram decoded [B, 80, 4 n], and the codes [B, n].
        """
        numbers, codes = self.quantiser(self.encoder((mel - mean) / _SPREAD).transpose(1, 2))
        return self._decoded(numbers, mean), codes

    @torch.no_grad()
    def encode(self, mel: Tensor) -> Tensor:
        """Codes [B, T // 4] of a whole clip's log-mel spectrogram [B, 80, T]."""
        whole = mel[..., : mel.shape[-1] // FRAMES * FRAMES]
        numbers = self.encoder((whole - mel.mean(-1, keepdim=True)) / _SPREAD)
        codes: Tensor = self.quantiser(numbers.transpose(1, 2))[1]
        return codes

    @torch.no_grad()
    def decode(self, codes: Tensor, mean: Tensor) -> Tensor:
        """Log-mel spectrogram [B, 80, 4 n] of codes [B, n] in the voice of the spectrogram mean [B, 80, 1]."""
        return self._decoded(self.quantiser.numbers(codes), mean)

    def _decoded(self, numbers: Tensor, mean: Tensor) -> Tensor:
        x = self.enter(numbers.transpose(1, 2)) + self.voice((mean - _SILENT) / _SPREAD)
        out: Tensor = self.decoder(x) * _SPREAD + mean
        return out


class CodesStage(Stage):
    """Reconstruction of mel spectrograms through codes: L1, of the spectrogram and of its change over time."""

    name = "codes"

    def __init__(self, materials: Materials, settings: CodesSettings) -> None:
        wanted = materials.config.speech.gpt.codes - 2
        if math.prod(settings.levels) != wanted or min(settings.levels) < 2:
            raise TrainingError(
                f"The stage 'codes' has levels {list(settings.levels)}, {math.prod(settings.levels)} codes, and the"
                f" speech model of the preset {wanted}; choose levels whose product that is."
            )
        self._settings, self._seed = settings, materials.seed
        self._mels = mels(materials.cache, read_utterances(materials.data))
        self.module: SpeechCodes = SpeechCodes(settings.levels, settings.width)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng(derived_seed(self._seed, self.name, "batch", step))
        frames = self._settings.frames
        segments, means = [], []
        for place in rng.integers(len(self._mels), size=self._settings.batch):
            mel = np.asarray(self._mels[int(place)], np.float32)
            start = int(rng.integers(max(1, len(mel) - frames + 1)))
            segment = mel[start : start + frames]
            segments.append(np.pad(segment, ((0, frames - len(segment)), (0, 0)), "edge").T)
            means.append(mel.mean(0)[:, None])
        return {"mel": torch.from_numpy(np.stack(segments)), "mean": torch.from_numpy(np.stack(means))}

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        mel, (decoded, _) = batch["mel"], self.module(batch["mel"], batch["mean"])
        return {
            "mel": functional.l1_loss(decoded, mel),
            "change": functional.l1_loss(decoded.diff(dim=-1), mel.diff(dim=-1)),
        }


def mels(cache: Path, utterances: tuple[Utterance, ...]) -> Ragged:
    """Log-mel spectrograms of all clips, float16 [T, 80] each, computed once into `cache`."""

    def computed() -> Iterator[NDArray[Any]]:
        for utterance in utterances:
            mel = voice_mel(utterance.speech(VOICE_RATE)[None])[0]
            yield mel.T.numpy().astype(np.float16)

    return Ragged.cached(cache / "mels.npy", computed())


def trained_codes(materials: Materials, settings: CodesSettings) -> SpeechCodes:
    """The codes that the stage before has trained."""
    codes = SpeechCodes(settings.levels, settings.width)
    codes.load_state_dict(dict(materials.trained[CodesStage.name]))
    return codes.eval().requires_grad_(False)
