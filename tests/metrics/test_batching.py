"""Fixed blocks of one clip: results depend on nothing but the clip's own items."""

from __future__ import annotations

import numpy as np
import pytest
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


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError(),
    ],
)
def test_a_block_beyond_memory_is_halved_and_gives_equal_numbers(
    most: int, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    sizes: list[int] = []

    def small(block: Tensor) -> Tensor:
        sizes.append(len(block))
        if len(block) > most:
            raise error
        return NETWORK(block)

    clip, whole = Blocks(small, 4), blocks()
    for each in (clip, whole):
        each.add(items(10))
    np.testing.assert_allclose(clip.results(), whole.results(), rtol=1e-5, atol=1e-6)
    assert sizes.count(4) == 2  # tried twice, of the first block only
    assert max(sizes[-4:]) <= most
    assert len([record for record in caplog.records if "Out of memory" in record.message]) == (2 if most == 1 else 1)


def test_memory_that_was_given_back_changes_no_bit() -> None:
    calls: list[int] = []

    def once(block: Tensor) -> Tensor:
        calls.append(len(block))
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return NETWORK(block)

    clip, whole = Blocks(once, 4), blocks()
    for each in (clip, whole):
        each.add(items(4))
    assert clip.results().tobytes() == whole.results().tobytes()
    assert calls == [4, 4]


def test_what_is_not_memory_and_one_item_beyond_it_are_raised() -> None:
    def fails(error: Exception) -> Blocks:
        def network(block: Tensor) -> Tensor:
            raise error

        return Blocks(network, 4)

    for error, words in ((RuntimeError("wrong shape"), "wrong shape"), (torch.OutOfMemoryError("no room"), "no room")):
        with pytest.raises(RuntimeError, match=words):
            fails(error).add(items(4))


def test_no_gradients_and_no_reduced_precision() -> None:
    def result() -> bytes:
        clip = blocks()
        clip.add(items(2))
        assert clip.results().dtype == "float32"
        return clip.results().tobytes()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = result()
    assert inside == result()
