"""Speaker encoder: a squeeze-and-excitation ResNet with attentive statistics pooling over a log-mel spectrogram."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from narrator.speech.mel import mel_filterbank

SPEAKER_RATE = 16_000
"""Hz of the speech that the speaker encoder takes."""

_MEL_BANDS = 64


class _PreEmphasis(nn.Module):
    """x[t] - 0.97 x[t-1], the first sample reflected."""

    filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", torch.tensor([[[-0.97, 1.0]]]))

    def forward(self, waveform: Tensor) -> Tensor:
        padded = functional.pad(waveform.unsqueeze(1), (1, 0), mode="reflect")
        return functional.conv1d(padded, self.filter).squeeze(1)


class _Spectrogram(nn.Module):
    """Power spectrogram: n_fft 512, Hamming window of 25 ms, hop of 10 ms."""

    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hamming_window(400))

    def forward(self, waveform: Tensor) -> Tensor:
        spectrum = torch.stft(
            waveform, 512, 160, 400, self.window, center=True, pad_mode="reflect", return_complex=True
        )
        return spectrum.abs().square()


class _MelScale(nn.Module):
    fb: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("fb", mel_filterbank(257, _MEL_BANDS, 8000.0, SPEAKER_RATE, unit_area=False))

    def forward(self, power: Tensor) -> Tensor:
        return (power.transpose(1, 2) @ self.fb).transpose(1, 2)


class _MelSpectrogram(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.spectrogram = _Spectrogram()
        self.mel_scale = _MelScale()

    def forward(self, waveform: Tensor) -> Tensor:
        mel: Tensor = self.mel_scale(self.spectrogram(waveform))
        return mel


class _SqueezeExcite(nn.Module):
    """Scales every channel by a gate computed from the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // 8), nn.ReLU(), nn.Linear(channels // 8, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        gates: Tensor = self.fc(x.mean((2, 3)))
        return x * gates[:, :, None, None]


class _Block(nn.Module):
    """Convolution, ReLU, norm, convolution, norm, gate, plus the input; in this order, as released."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.se = _SqueezeExcite(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn1(functional.relu(self.conv1(x)))
        return functional.relu(self.se(self.bn2(self.conv2(inner))) + self.downsample(x))


class SpeakerEncoder(nn.Module):
    """Waveform at 16 kHz to a speaker embedding of length 1.

    Args:
        width: length of the embedding.
        blocks: residual blocks of the four stages.
        filters: channels of the four stages; stages two to four halve both axes.
    """

    def __init__(
        self, width: int = 512, blocks: Sequence[int] = (3, 4, 6, 3), filters: Sequence[int] = (32, 64, 128, 256)
    ) -> None:
        super().__init__()
        self.torch_spec = nn.Sequential(_PreEmphasis(), _MelSpectrogram())
        self.instancenorm = nn.InstanceNorm1d(_MEL_BANDS)
        self.conv1 = nn.Conv2d(1, filters[0], 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(filters[0])
        inputs = [filters[0], *filters[:-1]]
        stages = [
            nn.Sequential(_Block(before, after, stride), *(_Block(after, after, 1) for _ in range(count - 1)))
            for before, after, count, stride in zip(inputs, filters, blocks, (1, 2, 2, 2), strict=True)
        ]
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        pooled = filters[-1] * _MEL_BANDS // 8
        self.attention = nn.Sequential(
            nn.Conv1d(pooled, 128, 1), nn.ReLU(), nn.BatchNorm1d(128), nn.Conv1d(128, pooled, 1), nn.Softmax(2)
        )
        self.fc = nn.Linear(2 * pooled, width)

    def forward(self, waveform: Tensor) -> Tensor:
        """float [B, S] at 16 kHz to [B, width], each of Euclidean length 1."""
        logs = (self.torch_spec(waveform) + 1e-6).log()
        x = functional.relu(self.conv1(self.instancenorm(logs).unsqueeze(1)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.bn1(x))))).flatten(1, 2)
        weights = self.attention(x)
        mean = (x * weights).sum(2)
        deviation = ((x.square() * weights).sum(2) - mean.square()).clamp_min(1e-5).sqrt()
        return functional.normalize(self.fc(torch.cat([mean, deviation], 1)))
