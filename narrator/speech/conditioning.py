"""Voice conditioning: from the mel spectrogram of a voice profile to the 32 latents that the GPT is prompted with."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def _group_count(channels: int) -> int:
    return 8 if channels <= 16 else 16 if channels <= 64 else 32


class ChannelAttention(nn.Module):
    """Self-attention over time on channels-first features; the residual adds to the normalised input, as released."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(_group_count(channels), channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] to [B, C, T]."""
        normed = self.norm(x)
        # The query, key and value of one head lie side by side.
        heads = self.qkv(normed).unflatten(1, (self.heads, -1)).transpose(2, 3)
        query, key, value = heads.chunk(3, -1)
        attended = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = normed + self.proj_out(attended.transpose(2, 3).flatten(1, 2))
        return out


class ConditioningEncoder(nn.Module):
    """Mel spectrogram [B, mels, T] to features [B, C, T]: a pointwise convolution and attention blocks."""

    def __init__(self, mels: int, channels: int, heads: int, blocks: int) -> None:
        super().__init__()
        self.init = nn.Conv1d(mels, channels, 1)
        self.attn = nn.Sequential(*(ChannelAttention(channels, heads) for _ in range(blocks)))

    def forward(self, mel: Tensor) -> Tensor:
        out: Tensor = self.attn(self.init(mel))
        return out


class _LatentAttention(nn.Module):
    """Latents attend to themselves and to the input."""

    def __init__(self, width: int, heads: int, head_width: int = 64) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width, bias=False)

    def forward(self, latents: Tensor, features: Tensor) -> Tensor:
        key, value = self.to_kv(torch.cat([latents, features], 1)).chunk(2, -1)
        query, key, value = (x.unflatten(2, (self.heads, -1)).transpose(1, 2) for x in (self.to_q(latents), key, value))
        attended = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.to_out(attended.transpose(1, 2).flatten(2))
        return out


class _GatedGelu(nn.Module):
    """First half times GELU of the second."""

    def forward(self, x: Tensor) -> Tensor:
        values, gates = x.chunk(2, -1)
        return values * functional.gelu(gates)


class _ScaledNorm(nn.Module):
    """Rows scaled to length sqrt(width), then by a learned gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=-1) * math.sqrt(x.shape[-1]) * self.gamma


class Perceiver(nn.Module):
    """Resamples features of any length [B, T, C] to a fixed number of latents [B, 32, C]."""

    def __init__(self, width: int, latents: int, heads: int, layers: int = 2) -> None:
        super().__init__()
        hidden = 4 * width * 2 // 3
        self.latents = nn.Parameter(torch.empty(latents, width))
        nn.init.normal_(self.latents, std=0.02)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [
                    _LatentAttention(width, heads),
                    nn.Sequential(nn.Linear(width, 2 * hidden), _GatedGelu(), nn.Linear(hidden, width)),
                ]
            )
            for _ in range(layers)
        )
        self.norm = _ScaledNorm(width)

    def forward(self, features: Tensor) -> Tensor:
        latents = self.latents.expand(features.shape[0], -1, -1)
        for layer in self.layers:
            attention, feed = layer.children()
            latents = attention(latents, features) + latents
            latents = feed(latents) + latents
        out: Tensor = self.norm(latents)
        return out
