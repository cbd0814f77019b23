"""VGGish: the network of the canonical Frechet audio distance, and the three ways in which it is used.

Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017. Weights in the layout of
`torchvggish` 0.1. Conventions: google-research/frechet_audio_distance, gudgud96/frechet-audio-distance at 55971f6c,
microsoft/fadtk at ec74b1f9.
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

from metrics.audio.embeddings.embedding import Embedding, Network, Vectors, windows
from metrics.audio.embeddings.kaiser_sinc import RESAMPY, TORCHAUDIO, KaiserSinc
from metrics.audio.mel_filters import htk_mel_filters
from metrics.audio.spectrogram import magnitudes, periodic_hann
from metrics.audio.waveform import Waveform
from metrics.base.ranges import Range
from metrics.restricted_pickle import checkpoint

RATE = 16000
BANDS = 64
PATCH = 96  # frames
WINDOW, HOP, FFT = 400, 160, 512  # samples
BATCH = 32  # patches


class VGGishNetwork(nn.Module):
    """Log-mel patches [N, 1, 96, 64] to embeddings [N, 128] before the last rectifier."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for convolutions in ((64,), (128,), (256, 256), (512, 512)):
            for channels in convolutions:
                layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
                before = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(512 * 4 * 6, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 128)
        )

    def forward(self, patches: Tensor) -> Tensor:
        # The TensorFlow original flattens with the channels last.
        flat = self.features(patches).permute(0, 2, 3, 1).flatten(1)
        embedded: Tensor = self.embeddings(flat)
        return embedded


def vggish(path: Path, device: torch.device) -> VGGishNetwork:
    """The network with the weights of a checkpoint."""
    network = VGGishNetwork()
    network.load_state_dict(checkpoint(path))
    return network.eval().to(device)


@dataclass(frozen=True)
class VGGish(Embedding):
    """One 128-d vector per 0.96 s.

    Attributes:
        rectified: end with the last ReLU.
        normalised: divide the waveform by max(0.1, its highest sample).
        hop: samples between windows of one second, each of which gives its first 0.96 s; None takes patches of 0.96 s
            without overlap from the whole signal.
        padded: lengthen a signal below one second with zeros, instead of refusing what is too short for one patch.
        half: round the vectors to float16.
        resampler: the filter between sample rates; None takes that of all other metrics.
        sixteen_bit: cut the samples to 16 bits, as a wave file of them would.
    """

    rectified: bool = True
    normalised: bool = True
    hop: Annotated[int, Range(1)] | None = RATE // 2
    padded: bool = False
    half: bool = False
    resampler: KaiserSinc | None = None
    sixteen_bit: bool = False
    weights: ClassVar[tuple[str, ...]] = ("vggish",)
    sample_rate: ClassVar[int] = RATE
    dimension: ClassVar[int] = 128

    @property
    def shortest(self) -> float:
        if self.padded:
            return 0.1
        return 1.0 if self.hop else 0.975

    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        network = vggish(weights["vggish"], device)

        def embed(waveform: Waveform) -> Vectors:
            patches = torch.from_numpy(self.patches(waveform))
            vectors = torch.cat([network(batch.to(device)).cpu() for batch in torch.split(patches, BATCH)])
            vectors = torch.relu(vectors) if self.rectified else vectors
            return np.asarray(vectors.numpy().astype(np.float16 if self.half else np.float32))

        return embed

    def resampled(self, waveform: Waveform, sample_rate: int) -> Waveform:
        if self.resampler is None:
            return super().resampled(waveform, sample_rate)
        samples = self.resampler(waveform, sample_rate, RATE)
        if self.sixteen_bit:
            samples = (np.clip(np.floor(samples * 2**15), -(2**15), 2**15 - 1) / 2**15).astype(np.float32)
        return samples

    def patches(self, waveform: Waveform) -> NDArray[np.float32]:
        """Log-mel patches float32 [N, 1, 96, 64] of a signal float32 [S] at 16 kHz."""
        signal = waveform.astype(np.float64)
        if self.normalised:
            signal /= max(0.1, signal.max())
        if self.padded:
            signal = np.pad(signal, (0, max(0, RATE - len(signal))))
        if self.hop is None:
            mel = log_mel(signal)
            cut = [mel[start : start + PATCH] for start in windows(len(mel), PATCH, PATCH)]
        else:
            cut = [log_mel(signal[start : start + RATE])[:PATCH] for start in windows(len(signal), RATE, self.hop)]
        return np.stack(cut)[:, None].astype(np.float32)


GUDGUD96 = VGGish(rectified=False, normalised=False, hop=None, resampler=RESAMPY)
FADTK = VGGish(
    rectified=False, normalised=False, hop=None, padded=True, half=True, resampler=TORCHAUDIO, sixteen_bit=True
)


def log_mel(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln(mel magnitude + 0.01), float64 [T, 64], of a signal at 16 kHz; one frame per 10 ms."""
    spectra = magnitudes(signal, periodic_hann(WINDOW), HOP, FFT, centred=False)
    return np.asarray(np.log(spectra @ htk_mel_filters(RATE, FFT, BANDS, 125, 7500).T + 0.01))
