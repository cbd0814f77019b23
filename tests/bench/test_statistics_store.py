"""Statistics on disk: where they lie, and that what is read is what was written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bench import fingerprint
from bench.scoring.pairs import Pair
from bench.scoring.store import StatisticsStore, unpacked
from metrics.builtin import make

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8).filter(
    lambda name: name != "file"  # np.savez's own
)
KINDS = st.sampled_from(["f4", ">f8", "f2", "i8", "u1", "?", "<U3", "S2", "c16", "M8[s]"])
ARRAYS = arrays(KINDS, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


@given(st.dictionaries(NAMES, ARRAYS, max_size=4), st.booleans(), st.booleans())
def test_reads_what_numpy_reads(clip: dict[str, np.ndarray], fortran: bool, compressed: bool) -> None:
    clip = {name: np.asfortranarray(array) if fortran else array for name, array in clip.items()}
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, allow_pickle=False, **clip)
    found = unpacked(buffer.getvalue())
    with np.load(io.BytesIO(buffer.getvalue()), allow_pickle=False) as expected:
        assert list(found) == list(expected)
        for name, array in found.items():
            same: Any = expected[name]
            assert (array.dtype, array.shape, array.flags.f_contiguous) == (
                same.dtype,
                same.shape,
                same.flags.f_contiguous,
            )
            assert array.tobytes() == same.tobytes()
            assert array.flags.writeable


def test_a_folder_holds_a_256th_of_a_metrics_statistics(tmp_path: Path) -> None:
    store = StatisticsStore(tmp_path, make("stoi"))
    identities = [fingerprint.of_json(number) for number in range(10_000)]
    for paths in ([store.clip(i) for i in identities], [store.pair(Pair(identities[0], i)) for i in identities]):
        folders = [path.parent for path in paths]
        assert len(set(paths)) == 10_000
        assert len(set(folders)) == 256
        assert max(map(folders.count, set(folders))) < 80
