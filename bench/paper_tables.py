"""The paper's Table 1 from the live module, the published values beside it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from narrator.entangle import EntangleConfig, EntangledEncoder, Entangler
from reports.paper import PUBLISHED_TABLE_1, PUBLISHED_TABLE_1_TOTAL


def table1() -> list[dict[str, Any]]:
    """One row for each layer of one encoder, then the totals of one encoder, STE and ETE."""
    with torch.device("meta"):
        config = EntangleConfig()
        encoder = EntangledEncoder(config.width, config.heads)
        shared, explicit = (Entangler(EntangleConfig(sharing=sharing)) for sharing in ("shared", "explicit"))
    layers = [encoder.ln, encoder.mha, *encoder.ff_self]
    rows = [
        _row(f"{type(layer).__name__}-{place}", published, layer)
        for place, (layer, published) in enumerate(zip(layers, PUBLISHED_TABLE_1, strict=True), 1)
    ]
    totals = (
        ("one encoder", PUBLISHED_TABLE_1_TOTAL, encoder),
        ("shared (STE)", None, shared),
        ("explicit (ETE)", None, explicit),
    )
    return rows + [_row(name, published, module) for name, published, module in totals]


def _row(name: str, published: int | None, module: nn.Module) -> dict[str, Any]:
    measured = sum(parameter.numel() for parameter in module.parameters())
    return {"layer": name, "published": published, "measured": measured}
