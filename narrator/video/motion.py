"""The motion module: self-attention over the frames of a clip at every pixel (AnimateDiff, arXiv:2307.04725)."""

from __future__ import annotations

import math

import torch
from diffusers.models.attention import FeedForward
from torch import Tensor, nn

from narrator.video.attention import Attention


class PositionCode(nn.Module):
    """Adds the sinusoidal code of the frame index (arXiv:1706.03762): sines on even channels, cosines on odd ones."""

    pe: Tensor

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        angle = torch.arange(frames)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        self.register_buffer("pe", torch.stack([angle.sin(), angle.cos()], -1).flatten(1)[None])

    def forward(self, x: Tensor) -> Tensor:
        """[N, frames, C] -> [N, frames, C]."""
        return x + self.pe[:, : x.shape[1]]


class TemporalAttention(Attention):
    """Self-attention over frames that know their index."""

    def __init__(self, width: int, heads: int, frames: int) -> None:
        super().__init__(width, heads)
        self.pos_encoder = PositionCode(width, frames)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[N, frames, C] -> [N, frames, C]."""
        return super().forward(self.pos_encoder(x), context)


class TemporalBlock(nn.Module):
    """Two temporal self-attentions and a GEGLU feed-forward, each after a layer norm and with a residual."""

    def __init__(self, width: int, heads: int, frames: int) -> None:
        super().__init__()
        self.attention_blocks = nn.ModuleList(TemporalAttention(width, heads, frames) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.ff = FeedForward(width)
        self.ff_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """[N, frames, C] -> [N, frames, C]."""
        for norm, attention in zip(self.norms, self.attention_blocks, strict=True):
            x = x + attention(norm(x))
        return x + self.ff(self.ff_norm(x))  # type: ignore[no-any-return]


class TemporalTransformer(nn.Module):
    """Group normalisation of each frame, linear, `TemporalBlock` at every pixel, linear (zero at first)."""

    def __init__(self, width: int, heads: int, groups: int, frames: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width)
        self.transformer_blocks = nn.ModuleList([TemporalBlock(width, heads, frames)])
        self.proj_out = nn.Linear(width, width)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """The change of each frame: [N, frames, C, h, w] -> the same shape."""
        count, frames, channels, height, width = x.shape
        rows = self.norm(x.flatten(0, 1)).view(x.shape)
        rows = rows.permute(0, 3, 4, 1, 2).flatten(0, 2)
        rows = self.proj_out(self.transformer_blocks[0](self.proj_in(rows)))
        return rows.view(count, height, width, frames, channels).permute(0, 3, 4, 1, 2)  # type: ignore[no-any-return]


class MotionModule(nn.Module):
    """Lets the frames of a clip, and the motion frames before it, see each other."""

    def __init__(self, width: int, heads: int, groups: int, frames: int) -> None:
        super().__init__()
        self.temporal_transformer = TemporalTransformer(width, heads, groups, frames)

    def forward(self, x: Tensor, motion: Tensor) -> Tensor:
        """Frames [branches * frames, C, h, w] that follow motion features [branches, M, h * w, C] -> frames."""
        branches, ahead = motion.shape[:2]
        before = motion.transpose(2, 3).reshape(branches, ahead, *x.shape[1:])
        clip = x.reshape(branches, -1, *x.shape[1:])
        change: Tensor = self.temporal_transformer(torch.cat([before, clip], 1))[:, ahead:]
        return x + change.reshape(x.shape)
