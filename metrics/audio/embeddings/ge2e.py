"""GE2E speaker embedding: the network of the `resemblyzer` package (0.1.4, Apache-2.0).

Wan, Wang, Papir and Moreno, "Generalized end-to-end loss for speaker verification", ICASSP 2018. A three-layer LSTM
reads 1.6 s of 40 mel energies. Unlike `resemblyzer`, silence is not cut out first: how much a generator pauses is
part of its speech.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metrics.audio.embeddings.embedding import Embedding, Network
from metrics.audio.mel_filters import slaney_mel_filters
from metrics.audio.spectrogram import parts, periodic_hann
from metrics.audio.waveform import Waveform
from metrics.base.ranges import Range
from metrics.restricted_pickle import checkpoint

WINDOW = 400  # samples
HOP = 160  # samples
BANDS = 40
PARTIAL = 160  # frames of a partial utterance
BATCH = 1024
"""Partial utterances at a time, thirteen minutes of them."""


class SpeakerEncoder(nn.Module):
    """Mel energies [N, 160, 40] to speaker embeddings [N, 256], non-negative and of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, 256, num_layers=3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mel: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(mel)
        raw = torch.relu(self.linear(hidden[-1]))
        return nn.functional.normalize(raw, eps=0)


def speaker_encoder(path: Path, device: torch.device) -> SpeakerEncoder:
    """The encoder with the weights of a checkpoint."""
    encoder = SpeakerEncoder()
    state = checkpoint(path)["model_state"]
    # Scale and offset of the training loss come along in the checkpoint.
    encoder.load_state_dict({key: value for key, value in state.items() if not key.startswith("similarity_")})
    return encoder.eval().to(device)


@dataclass(frozen=True)
class GE2E(Embedding):
    """One 256-d vector per partial utterance of 1.6 s.

    Attributes:
        per_second: partial utterances begun per second.
        coverage: least part of the last partial utterance that the signal must fill.
        loudness: dB full scale to which quieter speech is raised.
    """

    per_second: Annotated[float, Range(0.1, 100)] = 1.3
    coverage: Annotated[float, Range(0, 1)] = 0.75
    loudness: Annotated[float, Range(-120, 0)] = -30.0
    weights: ClassVar[tuple[str, ...]] = ("ge2e",)
    sample_rate: ClassVar[int] = 16000
    dimension: ClassVar[int] = 256
    shortest: ClassVar[float] = 0.5
    longest: ClassVar[float] = 3600.0

    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        encoder = speaker_encoder(weights["ge2e"], device)

        def embed(waveform: Waveform) -> NDArray[np.float32]:
            partials = torch.from_numpy(self.partial_utterances(waveform))
            return torch.cat([encoder(batch.to(device)).cpu() for batch in torch.split(partials, BATCH)]).numpy()

        return embed

    def partial_utterances(self, waveform: Waveform) -> NDArray[np.float32]:
        """Mel energies float32 [N, 160, 40] of the partial utterances of speech float32 [S] at 16 kHz."""
        starts = self._starts(len(waveform))
        end = (starts[-1] + PARTIAL) * HOP
        padded = np.pad(self._raised(waveform), (0, max(0, end - len(waveform))))
        filters = slaney_mel_filters(self.sample_rate, WINDOW, BANDS).T
        spectra = parts(padded, periodic_hann(WINDOW), HOP, WINDOW, centred=True)
        mel = np.concatenate([(part**2 @ filters).astype(np.float32) for part in spectra])
        return np.stack([mel[start : start + PARTIAL] for start in starts])

    def _starts(self, samples: int) -> list[int]:
        """First frames of the partial utterances; a last one that the signal covers too little of is left out."""
        step = round(self.sample_rate / self.per_second / HOP)
        frames = -(-(samples + 1) // HOP)
        starts = list(range(0, max(1, frames - PARTIAL + step + 1), step))
        covered = (samples - starts[-1] * HOP) / (PARTIAL * HOP)
        return starts[:-1] if covered < self.coverage and len(starts) > 1 else starts

    def _raised(self, waveform: Waveform) -> Waveform:
        level = 20 * np.log10(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
        gain = max(0.0, self.loudness - level)
        return np.asarray(waveform * 10 ** (gain / 20), np.float32)
