"""I3D's pools against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from metrics.video.i3d import max_pool_same

Box = tuple[int, int, int]
POOLS: list[tuple[Box, Box]] = [
    ((1, 3, 3), (1, 2, 2)),
    ((3, 3, 3), (2, 2, 2)),
    ((2, 2, 2), (2, 2, 2)),
    ((3, 3, 3), (1, 1, 1)),
]
"""Kernels and strides of the network."""


def torchs(x: Tensor, kernel: Box, stride: Box) -> Tensor:
    """TensorFlow's SAME by its own definition, with what is odd of the padding at the end, pooled by PyTorch."""
    padding: list[int] = []
    for length, k, s in zip(x.shape[2:], kernel, stride, strict=True):
        total = max(k - s, 0) if length % s == 0 else max(k - length % s, 0)
        padding = [total // 2, total - total // 2, *padding]
    return F.max_pool3d(F.pad(x, padding, value=-torch.inf), kernel, stride)


def bits(x: Tensor) -> np.ndarray:
    return x.contiguous().numpy().view(np.uint32)


@pytest.mark.parametrize(("kernel", "stride"), POOLS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
@settings(max_examples=25, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 9)] * 3), seed=st.integers(0, 2**16))
def test_pools_are_torchs_to_the_bit(
    kernel: Box, stride: Box, layout: torch.memory_format, shape: Box, seed: int
) -> None:
    """Of odd and even lengths, of less than a box, and of values all below zero, where padding with zeros would win."""
    x = torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(seed)) - 3
    x.flatten()[:: 1 + seed % 7] = -torch.inf
    before = x.clone()
    ours = max_pool_same(x.contiguous(memory_format=layout), kernel, stride)
    np.testing.assert_array_equal(bits(ours), bits(torchs(x, kernel, stride)))
    assert torch.equal(x, before)


@pytest.mark.parametrize(("kernel", "stride"), POOLS)
def test_what_is_no_number_stays_none(kernel: Box, stride: Box) -> None:
    x = torch.rand(1, 2, 5, 7, 6)
    x[0, 0, 2, 3, 3] = torch.nan
    np.testing.assert_array_equal(max_pool_same(x, kernel, stride).isnan(), torchs(x, kernel, stride).isnan())
