"""Fixed blocks of one clip: results depend on nothing but the clip's own items."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from metrics.batching import Blocks

NETWORK = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 5))


def blocks(shapes: list[torch.Size] | None = None) -> Blocks:
    def network(block: Tensor) -> Tensor:
        if shapes is not None:
            shapes.append(block.shape)
        return NETWORK(block)

    return Blocks(network, 4)


def items(n: int) -> Tensor:
    return torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(n))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data())
def test_results_are_the_same_however_items_arrive_and_whoever_is_measured_beside(
    lengths: list[int], data: st.DataObject
) -> None:
    shapes: list[torch.Size] = []
    beside = {n: blocks(shapes) for n in lengths}
    arrived = dict.fromkeys(beside, 0)
    while waiting := [n for n in beside if arrived[n] < n]:
        n = data.draw(st.sampled_from(waiting))
        chunk = data.draw(st.integers(1, n - arrived[n]))
        beside[n].add(items(n)[arrived[n] : arrived[n] + chunk])
        arrived[n] += chunk
    for n, clip in beside.items():
        alone = blocks()
        alone.add(items(n))
        result = clip.results()
        assert len(result) == n
        assert result.tobytes() == alone.results().tobytes()
    assert set(shapes) == {torch.Size([4, 3, 8, 8])}


def test_whole_blocks_run_at_once_and_the_rest_when_asked_for() -> None:
    shapes: list[torch.Size] = []
    clip = blocks(shapes)
    for n in (3, 3, 3):
        clip.add(items(n))
    assert (len(shapes), clip.items) == (2, 9)
    assert len(clip.results()) == 9
    assert len(shapes) == 3
    assert len(clip.results()) == 9
    assert len(shapes) == 3


def test_no_gradients_and_no_reduced_precision() -> None:
    def result() -> bytes:
        clip = blocks()
        clip.add(items(2))
        assert clip.results().dtype == "float32"
        return clip.results().tobytes()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = result()
    assert inside == result()
