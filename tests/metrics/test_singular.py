"""Large matrices take the quick way only where it keeps its digits."""

from __future__ import annotations

import pytest
import torch

from metrics.frechet.distance import frechet_distance
from metrics.frechet.singular import singular_values, singular_values_of_product, singular_vectors


def matrix(smallest: float, n: int = 512) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))[0] for _ in range(2))
    exponent = torch.log10(torch.tensor(smallest, dtype=torch.float64)).item()
    return left * torch.logspace(0, exponent, n, dtype=torch.float64) @ right.T


@pytest.mark.parametrize("smallest", [1e-3, 1e-5, 1e-9])
def test_values_and_vectors(smallest: float) -> None:
    k = matrix(smallest)
    expected = torch.linalg.svdvals(k)
    values = singular_values(k).sort(descending=True).values
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-10)
    left, values, right = singular_vectors(k)
    torch.testing.assert_close(left * values @ right, k, rtol=0, atol=1e-9)
    torch.testing.assert_close(right @ right.T, torch.eye(512, dtype=torch.float64), rtol=0, atol=1e-4)
    torch.testing.assert_close(values.sort(descending=True).values, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("smallest", "quick"), [(1e-2, True), (1e-5, False)])
def test_values_of_a_product_of_factors(smallest: float, quick: bool) -> None:
    first, second = matrix(smallest), matrix(smallest).flip(0)
    lower, upper = torch.linalg.cholesky(first.T @ first), torch.linalg.cholesky(second @ second.T)
    values = singular_values_of_product(lower, second @ second.T)
    assert (values is not None) == quick
    if values is not None:
        expected = torch.linalg.svdvals(lower.T @ upper)
        torch.testing.assert_close(values.sort(descending=True).values, expected, rtol=0, atol=1e-10)
    assert singular_values_of_product(lower[:100, :100], first[:100, :100]) is None


def test_a_reordered_set_is_at_zero_within_rounding() -> None:
    x = torch.randn(1200, 600, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert frechet_distance(x, x) == 0
    assert frechet_distance(x, x.flip(0)) < 1e-8
