"""Parameters of the multi-entangled latent encoder, counted from the live module."""

from __future__ import annotations

import torch
from torch import nn

from narrator.entangle.encoder import EntangledEncoder
from narrator.entangle.entangler import EntangleConfig, Entangler


def parameter_counts() -> list[tuple[str, int]]:
    """Name and parameters of each layer of one encoder, then of one encoder, STE and ETE as wholes."""
    with torch.device("meta"):
        config = EntangleConfig()
        encoder = EntangledEncoder(config.width, config.heads)
        shared, explicit = (Entangler(EntangleConfig(sharing=sharing)) for sharing in ("shared", "explicit"))
    layers = [encoder.ln, encoder.mha, *encoder.ff_self]
    counts = [(f"{type(layer).__name__}-{place}", _parameters(layer)) for place, layer in enumerate(layers, 1)]
    wholes = (("one encoder", encoder), ("shared (STE)", shared), ("explicit (ETE)", explicit))
    return counts + [(name, _parameters(module)) for name, module in wholes]


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
