"""Fixed blocks: results do not depend on chunking, on order or on who else is in the block."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from metrics.batching import BlockRunner

NETWORK = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 5))


def runner(size: int = 4, shapes: list[torch.Size] | None = None) -> BlockRunner:
    def network(block: Tensor) -> Tensor:
        if shapes is not None:
            shapes.append(block.shape)
        return NETWORK(block)

    return BlockRunner(network, size)


def items(n: int) -> Tensor:
    return torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(n))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_every_ticket_gets_its_own_results_bit_for_bit(lengths: list[int], random: object) -> None:
    shapes: list[torch.Size] = []
    crowded = runner(shapes=shapes)
    tickets = {n: crowded.submit(items(n)) for n in lengths}
    for n in sorted(tickets, reverse=True):
        alone = runner().submit(items(n)).result()
        result = tickets[n].result()
        assert len(result) == n
        assert result.tobytes() == alone.tobytes()
    assert set(shapes) <= {torch.Size([4, 3, 8, 8])}


def test_blocks_cross_the_borders_between_clips() -> None:
    shapes: list[torch.Size] = []
    shared = runner(shapes=shapes)
    tickets = [shared.submit(items(n)) for n in (3, 3, 2)]
    assert len(shapes) == 2
    assert [len(ticket.result()) for ticket in tickets] == [3, 3, 2]
    assert len(shapes) == 2


def test_no_gradients_and_no_reduced_precision() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = runner().submit(items(2)).result()
    assert inside.tobytes() == runner().submit(items(2)).result().tobytes()
    assert inside.dtype == "float32"
