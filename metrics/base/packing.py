"""One clip as one tensor of bytes, so that torchmetrics can gather the clips of any metric between processes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.base.torchmetrics_base import dim_zero_cat

_HEADER = 8


def pack(statistics: Mapping[str, NDArray[Any]]) -> Tensor:
    """uint8 [n]: the length in 8 bytes, then the arrays in NumPy's npz form; packed clips may be concatenated."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **statistics)
    data = buffer.getvalue()
    return torch.frombuffer(bytearray(len(data).to_bytes(_HEADER, "little") + data), dtype=torch.uint8)


def unpack(packed: Tensor) -> list[dict[str, NDArray[Any]]]:
    """The clips in a concatenation of packed ones, in its order."""
    data = packed.cpu().numpy().tobytes()
    clips = []
    position = 0
    while position < len(data):
        start = position + _HEADER
        position = start + int.from_bytes(data[position:start], "little")
        with np.load(io.BytesIO(data[start:position]), allow_pickle=False) as arrays:
            clips.append(dict(arrays))
    return clips


def gathered(state: list[Tensor] | Tensor) -> list[dict[str, NDArray[Any]]]:
    """The clips of a list state, which torchmetrics concatenates when it gathers between processes."""
    return unpack(dim_zero_cat(state)) if len(state) else []
