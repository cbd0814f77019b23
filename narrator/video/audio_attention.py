"""The audio module: cross-attention to the speech, separately for the full picture, the face and the lips.

Hierarchical audio-driven visual synthesis of Hallo (arXiv:2406.08801, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence

from diffusers.models.attention import FeedForward
from torch import Tensor, nn
from torch.nn import functional

from narrator.video.attention import Attention

REGIONS = ("full", "face", "lip")


class AudioBlock(nn.Module):
    """Self-attention, three masked cross-attentions to the audio tokens, GEGLU feed-forward."""

    def __init__(self, width: int, heads: int, audio_width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        for index, region in enumerate(REGIONS):
            gate = nn.Conv2d(width, width, 1)
            nn.init.zeros_(gate.weight)
            self.add_module(f"attn2_{index}", Attention(width, heads, audio_width))
            self.add_module(f"zero_conv_{region}", gate)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, audio: Tensor, masks: Tensor, scale: Sequence[float]) -> Tensor:
        """Tokens [N, L, C], audio [N, T, D], masks [3, N, L, 1], one weight a region -> tokens."""
        x = x + self.attn1(self.norm1(x))
        normed = self.norm2(x)
        for index, region in enumerate(REGIONS):
            attended = self.get_submodule(f"attn2_{index}")(normed, audio) * masks[index]
            gate = self.get_submodule(f"zero_conv_{region}")
            x = x + scale[index] * functional.linear(attended, gate.weight.flatten(1), gate.bias)  # type: ignore[operator, arg-type]
        return x + self.ff(self.norm3(x))  # type: ignore[no-any-return]


class AudioModule(nn.Module):
    """Group normalisation, 1 x 1 convolution to `inner` channels, `AudioBlock`, 1 x 1 convolution, residual."""

    def __init__(self, width: int, inner: int, heads: int, audio_width: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Conv2d(width, inner, 1)
        self.transformer_blocks = nn.ModuleList([AudioBlock(inner, heads, audio_width)])
        self.proj_out = nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor, audio: Tensor, masks: Tensor, scale: Sequence[float]) -> Tensor:
        """Frames [N, C, h, w], audio tokens [N, T, D], masks [3, N, h * w, 1] -> frames."""
        tokens = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        tokens = self.transformer_blocks[0](tokens, audio, masks, scale)
        return x + self.proj_out(tokens.transpose(1, 2).view(len(x), -1, *x.shape[2:]))  # type: ignore[no-any-return]
