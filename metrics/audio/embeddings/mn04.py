"""EfficientAT mn04: a MobileNetV3 of width 0.4 trained on AudioSet (mAP 0.432, MIT).

Schmid, Koutini and Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge distillation", ICASSP
2023; layer names as in fschmid56/EfficientAT at 138342a1, so that its checkpoint loads. Kept in float32: one of the
batch norms overflows float16.
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

from metrics.audio.embeddings.embedding import Embedding, Network, windows
from metrics.audio.mel_filters import htk_mel_filters
from metrics.audio.waveform import Waveform
from metrics.base.ranges import Range
from metrics.restricted_pickle import checkpoint

RATE = 32000
BANDS = 128
FFT, WINDOW, HOP = 1024, 800, 320  # samples

# Per block: kernel, expanded channels, channels, squeeze-and-excitation, hard swish, stride.
BLOCKS = (
    (3, 8, 8, False, False, 1),
    (3, 24, 16, False, False, 2),
    (3, 32, 16, False, False, 1),
    (5, 32, 16, True, False, 2),
    (5, 48, 16, True, False, 1),
    (5, 48, 16, True, False, 1),
    (3, 96, 32, False, True, 2),
    (3, 80, 32, False, True, 1),
    (3, 72, 32, False, True, 1),
    (3, 72, 32, False, True, 1),
    (3, 192, 48, True, True, 1),
    (3, 272, 48, True, True, 1),
    (5, 272, 64, True, True, 2),
    (5, 384, 64, True, True, 1),
    (5, 384, 64, True, True, 1),
)
SQUEEZED = {32: 8, 48: 16, 192: 48, 272: 72, 384: 96}
"""Bottleneck of the excitation by its channels: a quarter, rounded to a multiple of eight."""


class Convolution(nn.Sequential):
    """Convolution, batch norm, activation."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: nn.Module | None = None,
    ) -> None:
        padding = (kernel - 1) // 2
        layers: list[nn.Module] = [
            nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(after, eps=1e-3),
        ]
        super().__init__(*layers, *([activation] if activation else []))


class Excitation(nn.Module):
    """Squeeze-and-excitation: each channel weighted by what all channels hold on average."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        bottleneck = SQUEEZED[channels]
        gate = nn.ModuleDict({"fc1": nn.Linear(channels, bottleneck), "fc2": nn.Linear(bottleneck, channels)})
        self.conc_se_layers = nn.ModuleList([gate])

    def forward(self, x: Tensor) -> Tensor:
        (gate,) = self.conc_se_layers
        weights = torch.sigmoid(gate["fc2"](torch.relu(gate["fc1"](x.mean((2, 3))))))  # type: ignore[index]
        return x * weights[:, :, None, None]


class InvertedResidual(nn.Module):
    """Expand, filter each channel, excite, project; with a residual where shapes allow."""

    def __init__(
        self, before: int, kernel: int, expanded: int, after: int, excited: bool, swish: bool, stride: int
    ) -> None:
        super().__init__()
        activation = nn.Hardswish if swish else nn.ReLU
        layers: list[nn.Module] = []
        if expanded != before:
            layers.append(Convolution(before, expanded, 1, activation=activation()))
        layers.append(Convolution(expanded, expanded, kernel, stride, groups=expanded, activation=activation()))
        if excited:
            layers.append(Excitation(expanded))
        layers.append(Convolution(expanded, after, 1))
        self.block = nn.Sequential(*layers)
        self.residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return x + y if self.residual else y


class MobileNet(nn.Module):
    """Log-mel [N, 1, 128, T] to embeddings [N, 384]; `classifier` goes on to the logits of 527 AudioSet classes."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [Convolution(1, 8, 3, 2, activation=nn.Hardswish())]
        before = 8
        for kernel, expanded, after, excited, swish, stride in BLOCKS:
            layers.append(InvertedResidual(before, kernel, expanded, after, excited, swish, stride))
            before = after
        layers.append(Convolution(before, 384, 1, activation=nn.Hardswish()))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Identity(), nn.Identity(), nn.Linear(384, 512), nn.Hardswish(), nn.Identity(), nn.Linear(512, 527)
        )

    def forward(self, mel: Tensor) -> Tensor:
        embedded: Tensor = self.features(mel).mean((2, 3))
        return embedded


def mobile_net(path: Path, device: torch.device) -> MobileNet:
    """The network with the weights of a checkpoint."""
    network = MobileNet()
    network.load_state_dict(checkpoint(path))
    return network.eval().to(device)


@dataclass(frozen=True)
class MN04(Embedding):
    """One 384-d vector per window of sound.

    Attributes:
        window: frames of 10 ms per vector; those of the canonical FAD by default.
        hop: frames between windows.
    """

    window: Annotated[int, Range(10, 3000)] = 100
    hop: Annotated[int, Range(1)] = 50
    weights: ClassVar[tuple[str, ...]] = ("efficientat-mn04",)
    sample_rate: ClassVar[int] = RATE
    dimension: ClassVar[int] = 384

    @property
    def shortest(self) -> float:
        return max(1.0, self.window / 100)

    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        network = mobile_net(weights["efficientat-mn04"], device)

        def embed(waveform: Waveform) -> NDArray[np.float32]:
            mel = log_mel(torch.from_numpy(waveform))
            patches = [mel[:, start : start + self.window] for start in windows(mel.shape[1], self.window, self.hop)]
            vectors: Tensor = network(torch.stack(patches)[:, None].to(device))
            return np.asarray(vectors.cpu())

        return embed


def log_mel(waveform: Tensor) -> Tensor:
    """The network's input float32 [128, T] of a waveform float32 [S] at 32 kHz: pre-emphasis, Kaldi's mel bands."""
    emphasised = waveform[1:] - 0.97 * waveform[:-1]
    window = torch.hann_window(WINDOW, periodic=False)
    spectra = torch.stft(emphasised, FFT, HOP, WINDOW, window, center=True, return_complex=True)
    filters = torch.from_numpy(htk_mel_filters(RATE, FFT, BANDS, 0, RATE / 2 - 1000).astype(np.float32))
    energies = filters @ (spectra.real**2 + spectra.imag**2)
    return ((energies + 1e-5).log() + 4.5) / 5
