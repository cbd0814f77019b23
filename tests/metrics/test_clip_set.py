"""Sets of clips: a list in all but memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import metrics.base.clip_set as clip_set
from metrics.base.clip_set import ClipSet, take, view
from metrics.base.metric import Statistics
from metrics.base.spill import Spill
from metrics.video.fvd import FrechetVideoDistance


class Counted(Mapping[str, Statistics]):
    """Statistics that count how often they are read."""

    def __init__(self, clips: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._clips = {f"{key:03d}": {"features": random.normal(size=(30, 400)).astype("f4")} for key in range(clips)}
        self.reads = 0

    def __getitem__(self, key: str) -> Statistics:
        self.reads += 1
        return self._clips[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._clips)

    def __len__(self) -> int:
        return len(self._clips)


@given(st.lists(st.integers(), min_size=1, max_size=20), st.data())
def test_behaves_like_a_list(values: list[int], data: st.DataObject) -> None:
    items = ClipSet(values.__getitem__, range(len(values)))
    indices = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=10))
    assert list(items) == values
    assert list(items[1:]) == values[1:]
    assert list(take(items, indices)) == take(values, indices) == [values[index] for index in indices]
    assert list(view(items, str)) == view(values, str) == [str(value) for value in values]


def test_a_score_does_not_depend_on_what_fits_in_memory_or_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = FrechetVideoDistance()
    small = Counted(20, 0), Counted(20, 1)
    remembered = metric.score(*small)
    assert all(side.reads == 20 for side in small)
    monkeypatch.setattr(clip_set, "BUDGET", 0)
    spilt = Counted(20, 0), Counted(20, 1)
    assert metric.score(*spilt) == remembered
    assert all(side.reads == 20 for side in spilt)
    monkeypatch.setattr("metrics.base.spill.tempfile.TemporaryFile", _no_room)
    large = Counted(20, 0), Counted(20, 1)
    assert metric.score(*large) == remembered
    assert all(side.reads > 20 for side in large)


def _no_room(**_: object) -> None:
    raise OSError(28, "No space left on device")


_ARRAYS = arrays(
    st.sampled_from(["f4", "f8", "f2", "i4", "u1", "?", "<U3", "c16"]), array_shapes(min_dims=0, max_dims=3, min_side=0)
)


@given(st.lists(st.dictionaries(st.text(max_size=3), _ARRAYS, max_size=3), max_size=6), st.randoms())
def test_what_is_spilt_comes_back_bit_by_bit(clips: list[dict[str, np.ndarray]], random: Random) -> None:
    spill = Spill()
    for position, clip in enumerate(clips):
        spill.write(position, clip)
    order = list(range(len(clips)))
    random.shuffle(order)
    for position in order:
        found = spill.read(position)
        assert found.keys() == clips[position].keys()
        for name, values in clips[position].items():
            assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
            assert found[name].tobytes() == values.tobytes()
            assert found[name].flags.writeable


def test_python_objects_are_not_spilt() -> None:
    spill = Spill()
    spill.write(0, {"words": np.array(["a", 1], dtype=object)})
    assert 0 not in spill
