"""The Frechet distance against its properties, a slow oracle and variants known to be wrong."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.frechet.distance import Gaussian, frechet_distance, frechet_distance_from_moments
from metrics.frechet.influence import influence
from metrics.frechet.moments import Moments

Array = NDArray[np.float64]


def cloud(n: int, d: int, seed: int) -> Array:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, d)) @ generator.normal(size=(d, d)) + generator.normal(size=d)


def sqrtm_oracle(x: Array, y: Array, ddof: int = 1) -> float:
    """The textbook formula by SciPy's matrix square root."""
    s, t = np.cov(x.T, ddof=ddof), np.cov(y.T, ddof=ddof)
    root = scipy.linalg.sqrtm(s @ t)
    return float(np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s) + np.trace(t) - 2 * np.trace(root).real)


sizes = st.tuples(st.integers(2, 40), st.integers(2, 40), st.integers(2, 20), st.integers(0, 10_000))


@settings(max_examples=60, deadline=None)
@given(sizes)
def test_properties(case: tuple[int, int, int, int]) -> None:
    n, m, d, seed = case
    x, y = cloud(n, d, seed), cloud(m, d, seed + 1)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
    value = frechet_distance(x, y)
    scale = np.trace(np.cov(x.T)) + np.trace(np.cov(y.T)) + value
    close = {"rel": 1e-9, "abs": 1e-11 * scale}
    assert value >= 0
    assert frechet_distance(x, x) == 0
    assert frechet_distance(x, x[::-1].copy()) <= 1e-11 * scale
    assert frechet_distance(y, x) == pytest.approx(value, **close)
    assert frechet_distance(x + 5, y + 5) == pytest.approx(value, rel=1e-9, abs=1e-9 * (scale + 25 * d))
    assert frechet_distance(3 * x, 3 * y) == pytest.approx(9 * value, rel=1e-9, abs=1e-10 * scale)
    assert frechet_distance(x @ rotation, y @ rotation) == pytest.approx(value, **close)
    shifted = frechet_distance(x, x + 2.0)
    assert shifted == pytest.approx(4 * d, abs=1e-9 * (scale + 4 * d))


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize(("n", "m"), [(300, 250), (300, 60), (41, 300)])
def test_agrees_with_sqrtm_where_sqrtm_works(n: int, m: int, ddof: int) -> None:
    x, y = cloud(n, 40, 1), cloud(m, 40, 2)
    assert frechet_distance(x, y, ddof) == pytest.approx(sqrtm_oracle(x, y, ddof), rel=1e-10)


def test_both_routes_agree_and_neither_needs_full_rank() -> None:
    x, y = cloud(30, 40, 1), cloud(500, 40, 2)
    x[:, 7] = y[:, 7] = 0.25  # a dead feature makes every covariance singular
    of_moments = frechet_distance_from_moments(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))
    assert frechet_distance(x, y) == pytest.approx(of_moments, rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(sqrtm_oracle(x, y), rel=1e-6)


def test_known_wrong_variants_are_wrong() -> None:
    """`eigvalsh` of S_1 S_2 (not symmetric; torch-fidelity issue 46) and float32 raw moments (torcheval) fail."""
    x, y = cloud(300, 40, 1), cloud(250, 40, 2)
    s, t = np.cov(x.T), np.cov(y.T)
    eigenvalues = np.linalg.eigvalsh(s @ t)
    wrong = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s) + np.trace(t) - 2 * np.sqrt(eigenvalues.clip(0)).sum()
    assert wrong != pytest.approx(frechet_distance(x, y), rel=1e-2)

    far = (cloud(300, 40, 3) / 10 + 1000).astype(np.float32)
    raw = (far.T @ far / np.float32(300) - np.outer(far.mean(0), far.mean(0))).astype(np.float64)
    true = Moments.of(torch.from_numpy(far)).covariance(0).numpy()
    assert np.abs(true - np.cov(far.T.astype(np.float64), ddof=0)).max() < 1e-9
    assert np.abs(raw - true).max() > 1e-2 * np.abs(true).max()


def test_few_vectors_never_give_complex_or_negative_numbers() -> None:
    """n < 2048, at which pytorch-fid stops with "Imaginary component" (issue 13); a slow oracle is off by rounding."""
    x, y = cloud(20, 60, 5), cloud(25, 60, 6)
    root_free = frechet_distance(x, y)
    centred_x, centred_y = (x - x.mean(0)) / 19**0.5, (y - y.mean(0)) / 24**0.5
    nuclear = np.linalg.svd(centred_x @ centred_y.T, compute_uv=False).sum()
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + (centred_x**2).sum() + (centred_y**2).sum() - 2 * nuclear
    assert root_free == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((4, 3)), np.ones((4, 2)), r"\[4, 3\], \[4, 2\]"),
        (np.ones(4), np.ones((4, 1)), r"\[n, d\]"),
        (np.ones((1, 3)), np.ones((4, 3)), "two feature vectors or more, got 1"),
        (np.full((4, 3), np.nan), np.ones((4, 3)), "4 of 4 vectors hold NaN"),
        (np.ones((4, 3)), np.array([[1, 2, 3], [np.inf, 1, 1]]), "1 of 2 vectors hold NaN or infinity"),
    ],
)
def test_bad_features_are_explained(x: Array, y: Array, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        frechet_distance(x, y)


def test_bad_moments_are_explained() -> None:
    mean, covariance = np.zeros(2), np.eye(2)
    with pytest.raises(ValueError, match="no negative eigenvalue, one has -1"):
        frechet_distance_from_moments(mean, np.diag([1.0, -1.0]), mean, covariance)
    with pytest.raises(ValueError, match="must be finite"):
        frechet_distance_from_moments(mean, covariance * np.nan, mean, covariance)
    with pytest.raises(ValueError, match=r"covariance \[d, d\]"):
        frechet_distance_from_moments(mean, np.eye(3), mean, covariance)
    with pytest.raises(ValueError, match=r"must be symmetric, in one two mirrored entries differ by 0[.]5"):
        frechet_distance_from_moments(mean, covariance, mean, np.array([[1, 0.5], [0, 1]]))
    with pytest.raises(ValueError, match=r"covariance \[d, d\], got \[0\]"):
        frechet_distance_from_moments(np.zeros(0), np.zeros((0, 0)), mean, covariance)
    for ddof in (2, -1, 0.5):
        with pytest.raises(ValueError, match="ddof must be 0 or 1"):
            frechet_distance(np.eye(2), np.eye(2), ddof)  # type: ignore[arg-type]


def test_a_covariance_asymmetric_by_rounding_is_taken() -> None:
    mean, covariance = np.zeros(3), np.cov(cloud(50, 3, 1).T)
    rounded = covariance + np.triu(np.full((3, 3), 1e-7), 1)
    distance = frechet_distance_from_moments(mean, rounded, mean, np.eye(3))
    assert distance == pytest.approx(frechet_distance_from_moments(mean, rounded.T, mean, np.eye(3)), abs=1e-12)
    assert distance == pytest.approx(frechet_distance_from_moments(mean, covariance, mean, np.eye(3)), abs=1e-6)


def test_an_overflow_is_no_number() -> None:
    with pytest.raises((FloatingPointError, ValueError, RuntimeError)):
        frechet_distance(cloud(3, 2, 0) * 1e200, cloud(3, 2, 1) * 1e200)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(1, 20))
def test_moments_merge_to_those_of_all(lengths: list[int], rows: int) -> None:
    chunks = [torch.from_numpy(cloud(k, 5, k)) for k in lengths if k]
    if not chunks:
        return
    merged, whole = Moments.of_chunks(chunks, rows=rows), Moments.of(torch.cat(chunks))
    assert merged.n == whole.n
    torch.testing.assert_close(merged.mean, whole.mean, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(merged.scatter, whole.scatter, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize(("clips", "k", "d"), [(60, 4, 8), (40, 1, 60)])
def test_influence_is_the_derivative_of_the_distance(clips: int, k: int, d: int) -> None:
    """Weighing one clip a little more moves the distance as its influence says; the oracle is a finite difference."""
    generator = np.random.default_rng(0)
    x, y = (torch.from_numpy(generator.normal(size=(clips, k, d)) * scale) for scale in (1.0, 1.3))

    def weighted(weights: Array) -> float:
        w = np.repeat(weights, k)
        rows = x.reshape(-1, d).numpy()
        n = clips * k
        mean = (w[:, None] * rows).sum(0) / w.sum()
        centred = rows - mean
        covariance = (w[:, None] * centred).T @ centred / w.sum() * n / (n - 1)
        other = y.reshape(-1, d)
        return Gaussian.given(mean, covariance).distance(Gaussian.fitted([other], 1))

    step = 1e-4
    derivatives = []
    for clip in range(clips):
        up, down = np.ones(clips), np.ones(clips)
        up[clip] += step
        down[clip] -= step
        derivatives.append((weighted(up) - weighted(down)) / (2 * step))
    variance = np.sum(np.square(derivatives)) * clips / (clips - 1)
    first, second = (Gaussian.fitted(list(side), 1) for side in (x, y))
    found = influence(first, second, list(x), list(y))
    assert found.distance == pytest.approx(first.distance(second), rel=1e-12)
    assert found.first * clips == pytest.approx(np.array(derivatives) * clips, rel=1e-3, abs=1e-4 * found.distance)
    swapped = influence(second, first, list(y), list(x))
    assert (swapped.distance, swapped.standard_error) == pytest.approx((found.distance, found.standard_error), rel=1e-9)
    alone = influence(first, second, list(x), [y.reshape(-1, d).mean(0, keepdim=True)] * 2).standard_error
    assert alone**2 == pytest.approx(variance, rel=1e-3)


def test_features_that_are_being_trained_are_read_only() -> None:
    x = torch.randn(700, 600, generator=torch.Generator().manual_seed(0), requires_grad=True)
    y = x.detach() + 1
    assert frechet_distance(x, y) == pytest.approx(600, rel=1e-6)
    given = (torch.zeros(2, requires_grad=True), torch.eye(2, requires_grad=True))
    assert frechet_distance_from_moments(*given, torch.ones(2), torch.eye(2)) == pytest.approx(2)
