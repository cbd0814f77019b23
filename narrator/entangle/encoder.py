"""The multi-entangled latent encoder: one cross-attention and one linear block, 1,575,936 parameters at full size."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EntangledEncoder(nn.Module):
    """Lets the rows of one stream (audio or video) attend to the rows of the others.

    `a = MHA(q = LN(x), k = v = LN(y)) + x`, then `Linear(LN(Linear(LN(a)))) + a`. One norm serves query and context;
    attention and linears carry no bias; there is no activation function and no dropout.

    Source: "Narrating For You" (arXiv 2602.18618), supplement, Table 1. Parameter names follow the published
    checkpoints, so that their tensors load unchanged.
    """

    def __init__(self, width: int = 512, heads: int = 8) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(width)
        self.mha = nn.MultiheadAttention(width, heads, bias=False, batch_first=True)
        self.ff_self = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width, bias=False),
            nn.LayerNorm(width),
            nn.Linear(width, width, bias=False),
        )

    def forward(self, query: Tensor, context: Tensor) -> Tensor:
        """Entangle `query` [B, N, width] with `context` [B, M, width]; the result has the shape of `query`."""
        keys = self.ln(context)
        attended = self.mha(self.ln(query), keys, keys, need_weights=False)[0] + query
        out: Tensor = self.ff_self(attended) + attended
        return out

    @torch.no_grad()
    def initialise(self, generator: torch.Generator, scale: float = 0.0) -> None:
        """Draw weights that can learn.

        The published initialisation sets every weight, the norms' gains included, to zero. All gradients are then
        zero as well and the encoder stays the identity for ever. Here the norms start at one, and only the two
        projections that add to the residual start small: with `scale` 0 the encoder also begins as the identity,
        but its first gradient step leaves it.

        Args:
            generator: source of every draw.
            scale: standard deviation, in units of 1/sqrt(width), of the two residual projections.
        """
        width = self.ln.normalized_shape[0]
        for norm in (self.ln, self.ff_self[0], self.ff_self[2]):
            nn.init.ones_(norm.weight)
            nn.init.zeros_(norm.bias)
        inner, residual = [self.mha.in_proj_weight, self.ff_self[1].weight], [
            self.mha.out_proj.weight,
            self.ff_self[3].weight,
        ]
        for weight in inner:
            weight.normal_(0.0, width**-0.5, generator=generator)
        for weight in residual:
            weight.normal_(0.0, scale * width**-0.5, generator=generator)

    def is_identity(self) -> bool:
        """Whether the output equals the query whatever the input: nothing is added to either residual."""
        values = self.mha.in_proj_weight.chunk(3)[2]
        attends = _any(self.ln.weight, self.ln.bias) and _any(values) and _any(self.mha.out_proj.weight)
        last_norm, last_linear = self.ff_self[2], self.ff_self[3]
        feeds = _any(last_norm.weight, last_norm.bias) and _any(last_linear.weight)
        return not (attends or feeds)


def _any(*tensors: Tensor) -> bool:
    return any(bool(tensor.any()) for tensor in tensors)
