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
        inner_norm, inner = nn.LayerNorm(width), nn.Linear(width, width, bias=False)
        last_norm, last = nn.LayerNorm(width), nn.Linear(width, width, bias=False)
        self.ff_self = nn.Sequential(inner_norm, inner, last_norm, last)

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
        width = self.mha.embed_dim
        inner = self.get_parameter("ff_self.1.weight")
        last = self.get_parameter("ff_self.3.weight")
        for norm in (module for module in self.modules() if isinstance(module, nn.LayerNorm)):
            norm.reset_parameters()
        for drawn in (self.mha.in_proj_weight, inner):
            drawn.normal_(0.0, width**-0.5, generator=generator)
        for residual in (self.mha.out_proj.weight, last):
            residual.normal_(0.0, scale * width**-0.5, generator=generator)

    def is_identity(self) -> bool:
        """Whether the output equals the query whatever the input: nothing is added to either residual."""
        values = self.mha.in_proj_weight.chunk(3)[2]
        attends = self._any("ln.weight", "ln.bias") and bool(values.any()) and self._any("mha.out_proj.weight")
        feeds = self._any("ff_self.2.weight", "ff_self.2.bias") and self._any("ff_self.3.weight")
        return not (attends or feeds)

    def _any(self, *names: str) -> bool:
        """Whether one of the parameters holds anything but zeros."""
        return any(bool(self.get_parameter(name).any()) for name in names)
