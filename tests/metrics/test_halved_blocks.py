"""A block that does not fit into memory gives the same bits in halves: every network that runs in blocks, on a CPU."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from metrics.batching import Blocks
from metrics.sync import lse
from metrics.sync.syncnet import SyncNet
from metrics.video import identity
from metrics.video.dlib_face import dlib_face
from metrics.video.inception import CPU_BLOCK, inception

Network = Callable[[Tensor], Tensor]
NOISE = torch.Generator().manual_seed(0)


def _syncnet() -> SyncNet:
    torch.manual_seed(0)
    return SyncNet().eval()


def _bytes(network: Network, items: Tensor, size: int, most: int) -> tuple[bytes, list[int]]:
    """The results of a clip for which memory suffices for `most` items at a time, and the sizes of what ran."""
    ran: list[int] = []

    def small(block: Tensor) -> Tensor:
        if len(block) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        ran.append(len(block))
        return network(block)

    blocks = Blocks(small, size)
    blocks.add(items)
    return blocks.results().tobytes(), ran


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
@pytest.mark.parametrize(
    ("build", "size", "shape", "loudest"),
    [
        pytest.param(lambda: inception(2048, "cpu"), CPU_BLOCK, (3, 299, 299), 1, id="fid"),
        pytest.param(lambda: dlib_face("cpu"), identity.BLOCK, (3, 150, 150), 255, id="identity"),
        pytest.param(lambda: _syncnet().lips, lse.BLOCK, (3, 5, 224, 224), 255, id="lse, lips"),
        pytest.param(lambda: _syncnet().sound, lse.BLOCK, (1, 13, 20), 20, id="lse, sound"),
    ],
)
def test_halves_give_the_same_bits(
    build: Callable[[], Network], size: int, shape: tuple[int, ...], loudest: float
) -> None:
    network = build()
    items = loudest * torch.rand((size + 1, *shape), generator=NOISE)  # the second block is filled up
    whole, ran = _bytes(network, items, size, size)
    assert ran == [size, size]
    for most in range(1, size):
        halved, ran = _bytes(network, items, size, most)
        assert max(ran) <= most
        assert sum(ran) == 2 * size
        assert halved == whole, f"{most} at a time"


def test_a_network_that_rounds_by_the_size_of_its_batch_is_told_from_the_others() -> None:
    def rounds(block: Tensor) -> Tensor:
        return block * (1 + 1e-7 * len(block))

    items = torch.rand((4, 3), generator=NOISE)
    assert _bytes(rounds, items, 4, 2)[0] != _bytes(rounds, items, 4, 4)[0]
