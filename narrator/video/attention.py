"""Multi-head attention and the spatial transformer through which the denoising UNet reads the reference picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
from diffusers.models.attention import FeedForward
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Scaled dot-product attention, no biases but the output's.

    Args:
        width: channels of the queries and of the output.
        heads: number of heads.
        context_width: channels of what the keys and values are made from; None for self-attention.
    """

    def __init__(self, width: int, heads: int, context_width: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context_width or width, width, bias=False)
        self.to_v = nn.Linear(context_width or width, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def queries(self, x: Tensor) -> Tensor:
        """[N, L, C] -> [N, heads, L, C / heads]."""
        return self._split(self.to_q(x))

    def keys_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """[N, L, C'] -> two of [N, heads, L, C / heads]."""
        return self._split(self.to_k(context)), self._split(self.to_v(context))

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Split queries, keys and values -> [N, L, C]."""
        out = functional.scaled_dot_product_attention(queries, keys, values)
        return self.to_out(out.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[N, L, C] attends to `context` [N, L', C'], or to itself."""
        return self.attend(self.queries(x), *self.keys_values(x if context is None else context))


class LayerReference(NamedTuple):
    """What one layer of the denoising UNet reads from the reference UNet; fixed for a whole clip.

    Attributes:
        keys: [K, heads, L, d] of the source picture; frame k of the clip reads row k mod K.
        values: the same for the values.
        motion: [branches, M, L, C], features of the M motion frames.
    """

    keys: Tensor
    values: Tensor
    motion: Tensor

    def for_frames(self, frames: int) -> tuple[Tensor, Tensor]:
        """Keys and values of each frame, [frames, heads, L, d]."""
        rows = torch.arange(frames, device=self.keys.device) % len(self.keys)
        return self.keys[rows], self.values[rows]


class SpatialBlock(nn.Module):
    """Self-attention (extended by the reference), cross-attention to the face tokens, GEGLU feed-forward."""

    def __init__(self, width: int, heads: int, context_width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = Attention(width, heads, context_width)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def _self_attention(self, normed: Tensor, reference: LayerReference | None, frames: int) -> Tensor:
        if reference is None:
            return self.attn1(normed)  # type: ignore[no-any-return]
        queries, (keys, values) = self.attn1.queries(normed), self.attn1.keys_values(normed)
        free = len(normed) - frames  # the unconditional branch, which comes first and gets no reference
        reference_keys, reference_values = reference.for_frames(frames)
        conditional = self.attn1.attend(
            queries[free:],
            torch.cat([keys[free:], reference_keys], 2),
            torch.cat([values[free:], reference_values], 2),
        )
        if not free:
            return conditional
        return torch.cat([self.attn1.attend(queries[:free], keys[:free], values[:free]), conditional])

    def forward(
        self, x: Tensor, context: Tensor, reference: LayerReference | None, frames: int
    ) -> tuple[Tensor, Tensor]:
        """Tokens [branches * frames, L, C] and context [branches, T, D] -> tokens, and what `attn1` read of them."""
        normed = self.norm1(x)
        x = x + self._self_attention(normed, reference, frames)
        # All frames of a branch share its context, so their tokens can form one long row of queries.
        rows = self.norm2(x).view(len(context), -1, x.shape[2])
        x = x + self.attn2(rows, context).reshape(x.shape)
        return x + self.ff(self.norm3(x)), normed


class SpatialTransformer(nn.Module):
    """Group normalisation, 1 x 1 convolution, one `SpatialBlock` over all pixels, 1 x 1 convolution, residual."""

    def __init__(self, width: int, heads: int, context_width: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([SpatialBlock(width, heads, context_width)])
        self.proj_out = nn.Conv2d(width, width, 1)

    @property
    def block(self) -> SpatialBlock:
        """The one block."""
        block = self.transformer_blocks[0]
        assert isinstance(block, SpatialBlock)
        return block

    def forward(
        self, x: Tensor, context: Tensor, reference: LayerReference | None = None, frames: int = 1
    ) -> tuple[Tensor, Tensor]:
        """Pixels [branches * frames, C, h, w] -> pixels, and the reference features [branches * frames, h * w, C]."""
        tokens = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        tokens, features = self.block(tokens, context, reference, frames)
        return x + self.proj_out(tokens.transpose(1, 2).view(x.shape)), features
