"""Dynamic time warping against a plain recursion and against the `fastdtw` package."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, euclidean

from metrics.audio import dtw
from metrics.audio.dtw import exact_dtw, fast_dtw_path

lengths = st.integers(1, 40)
seeds = st.integers(0, 2**32 - 1)


def sequences(seed: int, n: int, m: int, levels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Small integers, so that ties are common."""
    generator = np.random.default_rng(seed)
    return tuple(generator.integers(0, levels, (length, 2)).astype(float) for length in (n, m))


def recursion(x: np.ndarray, y: np.ndarray) -> tuple[float, int]:
    distances = cdist(x, y)
    best = {(-1, -1): (0.0, 0)}
    for i in range(len(x)):
        for j in range(len(y)):
            ways = [best[way] for way in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if way in best]
            cost, cells = min(ways)
            best[i, j] = cost + distances[i, j], cells + 1
    return best[len(x) - 1, len(y) - 1]


@settings(deadline=None)
@given(seeds, lengths, lengths, st.sampled_from([1, 30, 200, 1 << 23]))
def test_exact_alignment_is_the_recursions(seed: int, n: int, m: int, held: int) -> None:
    x, y = sequences(seed, n, m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dtw, "CELLS", held)
        cost, cells = exact_dtw(x, y)
    expected = recursion(x, y)
    assert cost == pytest.approx(expected[0], abs=1e-9)
    # Square roots added in another order may break a tie the other way; whole costs cannot.
    assert cells == expected[1] or not float(expected[0]).is_integer()


@settings(deadline=None)
@given(seeds, lengths, lengths)
def test_exact_alignment_is_symmetric(seed: int, n: int, m: int) -> None:
    x, y = sequences(seed, n, m, levels=1000)
    assert exact_dtw(x, y) == pytest.approx(exact_dtw(y, x), abs=1e-9)


@settings(deadline=None)
@given(seeds, lengths)
def test_a_sequence_aligns_with_itself_at_no_cost(seed: int, n: int) -> None:
    x, _ = sequences(seed, n, 1)
    assert exact_dtw(x, x)[0] == 0


@settings(deadline=None)
@given(seeds, st.integers(1, 90), st.integers(1, 90), st.integers(1, 4))
def test_fast_path_is_the_packages(seed: int, n: int, m: int, radius: int) -> None:
    fastdtw = pytest.importorskip("fastdtw")
    x, y = sequences(seed, n, m)
    _, path = fastdtw.fastdtw(x, y, radius=radius, dist=euclidean)
    np.testing.assert_array_equal(np.stack(fast_dtw_path(x, y, radius), axis=1), path)


@settings(deadline=None)
@given(seeds, lengths, lengths)
def test_fast_alignment_is_never_better_than_the_exact_one(seed: int, n: int, m: int) -> None:
    x, y = sequences(seed, n, m, levels=1000)
    rows, columns = fast_dtw_path(x, y)
    assert np.linalg.norm(x[rows] - y[columns], axis=1).sum() >= exact_dtw(x, y)[0] - 1e-9


@settings(deadline=None)
@given(seeds, lengths, lengths)
def test_a_wide_corridor_makes_the_fast_alignment_exact(seed: int, n: int, m: int) -> None:
    x, y = sequences(seed, n, m, levels=1000)
    rows, columns = fast_dtw_path(x, y, radius=40)
    assert np.linalg.norm(x[rows] - y[columns], axis=1).sum() == pytest.approx(exact_dtw(x, y)[0], abs=1e-9)


@pytest.mark.parametrize("cells", [1, 30, dtw.CELLS])
def test_rows_that_do_not_count_are_aligned_all_the_same(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    """Against the path of the whole table, traced back."""
    monkeypatch.setattr(dtw, "CELLS", cells)
    generator = np.random.default_rng(0)
    for n, m in ((1, 1), (1, 5), (7, 1), (9, 12), (20, 13)):
        x, y, counted = generator.normal(size=(n, 3)), generator.normal(size=(m, 3)), generator.random(n) < 0.6
        rows, columns = fast_dtw_path(x, y, radius=50)
        kept = counted[rows]
        total, number = exact_dtw(x, y, counted)
        assert number == kept.sum()
        assert total == pytest.approx(np.linalg.norm(x[rows[kept]] - y[columns[kept]], axis=1).sum(), abs=1e-12)
        assert exact_dtw(x, y, np.ones(n, bool)) == exact_dtw(x, y)
