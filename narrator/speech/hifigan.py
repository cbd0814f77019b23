"""HiFi-GAN generator: from the speech model's latents and a speaker embedding to the waveform."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

SPEECH_RATE = 24_000
"""Hz of the generated speech."""

_LATENT_RATE = 22_050
_CODE_SAMPLES = 1024
_HOP = 256
_STRIDES = (8, 8, 2, 2)
_KERNELS = (16, 16, 4, 4)
_DILATIONS = (1, 3, 5)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()

        def convolution(dilation: int) -> nn.Module:
            reach = dilation * (kernel - 1) // 2
            normed: nn.Module = weight_norm(nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=reach))
            return normed

        self.convs1 = nn.ModuleList(convolution(dilation) for dilation in _DILATIONS)
        self.convs2 = nn.ModuleList(convolution(1) for _ in _DILATIONS)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = plain(functional.leaky_relu(dilated(functional.leaky_relu(x, 0.1)), 0.1)) + x
        return x


class HifiGan(nn.Module):
    """Latents at 21.5 a second to a waveform at 24 kHz, each upsampling stage conditioned on the speaker.

    Args:
        latent_width: length of a latent.
        channels: channels before the first upsampling; every stage halves them.
        speaker_width: length of the speaker embedding.
    """

    def __init__(self, latent_width: int = 1024, channels: int = 512, speaker_width: int = 512) -> None:
        super().__init__()
        widths = [channels >> stage for stage in range(len(_STRIDES) + 1)]
        self.conv_pre = nn.Conv1d(latent_width, channels, 7, padding=3)
        self.cond_layer = nn.Conv1d(speaker_width, channels, 1)
        self.ups = nn.ModuleList(
            weight_norm(nn.ConvTranspose1d(before, after, kernel, stride, padding=(kernel - stride) // 2))
            for before, after, kernel, stride in zip(widths[:-1], widths[1:], _KERNELS, _STRIDES, strict=True)
        )
        self.conds = nn.ModuleList(nn.Conv1d(speaker_width, width, 1) for width in widths[1:])
        self.resblocks = nn.ModuleList(_ResidualBlock(width, kernel) for width in widths[1:] for kernel in (3, 7, 11))
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3, bias=False)

    def forward(self, latents: Tensor, speaker: Tensor) -> Tensor:
        """Vocode `latents` [B, n, latent_width] in the voice of `speaker` [B, speaker_width, 1] to [B, S], -1..1."""
        x = functional.interpolate(latents.transpose(1, 2), scale_factor=_CODE_SAMPLES / _HOP, mode="linear")
        x = functional.interpolate(x, scale_factor=SPEECH_RATE / _LATENT_RATE, mode="linear")
        x = self.conv_pre(x) + self.cond_layer(speaker)
        kernels = len(self.resblocks) // len(self.ups)
        for stage, (upsample, condition) in enumerate(zip(self.ups, self.conds, strict=True)):
            x = upsample(functional.leaky_relu(x, 0.1)) + condition(speaker)
            blocks = [block(x) for block in self.resblocks[stage * kernels : (stage + 1) * kernels]]
            x = sum(blocks[1:], blocks[0]) / kernels
        return torch.tanh(self.conv_post(functional.leaky_relu(x, 0.01))).squeeze(1)
