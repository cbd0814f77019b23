"""Singular values of large square matrices by way of the symmetric eigen-decomposition, several times faster.

The eigenvalues of K K' are the squared singular values. Squaring costs digits of the smallest ones, so this way is
taken only where it keeps enough: an eigenvalue above 1e-12 of the largest has a root right to 1e-10 of the largest.
On a CPU NumPy decomposes: its LAPACK takes two thirds of the time that PyTorch's takes on an AMD processor.
"""

from __future__ import annotations

import numpy as np
import scipy  # its parts are imported when they are first used
import torch
from torch import Tensor

from metrics.frechet.moments import gram

_LARGE = 512
"""Below this size the direct decomposition takes no time worth saving."""
_WELL_CONDITIONED = 1e-12


def singular_values(matrix: Tensor) -> Tensor:
    """Singular values of float64 [n, m], in no particular order."""
    if _large_square(matrix):
        squares = _eigenvalues(gram(matrix.T))
        if squares[0] > _WELL_CONDITIONED * squares[-1]:
            return squares.sqrt()
    values: Tensor = torch.linalg.svdvals(matrix)
    return values


def singular_values_of_product(lower: Tensor, covariance: Tensor) -> Tensor | None:
    """Singular values of L'F' for any F with F'F = S, float64 [d, d] both: the roots of the eigenvalues of L'SL.

    LAPACK forms L'SL as it reduces a generalised eigenproblem, in half of the time of a product and its square. None
    where that is not to be had (on a GPU), not worth while, or keeps too few digits.
    """
    if covariance.device.type != "cpu" or not _large_square(covariance):
        return None
    reduced, _ = scipy.linalg.lapack.dsygst(covariance.numpy(), lower.numpy(), itype=2, lower=1)
    squares = torch.from_numpy(np.linalg.eigvalsh(reduced))
    return squares.sqrt() if squares[0] > _WELL_CONDITIONED * squares[-1] else None


def singular_vectors(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U [n, r], s [r] and V' [r, m] with U s V' = float64 [n, m], in no particular order."""
    if _large_square(matrix):
        squares, left = _eigenvectors(gram(matrix.T))
        if squares[0] > _WELL_CONDITIONED * squares[-1]:
            values = squares.sqrt()
            return left, values, (left.T @ matrix) / values[:, None]
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    return left, values, right


def _eigenvalues(symmetric: Tensor) -> Tensor:
    if symmetric.device.type == "cpu":
        return torch.from_numpy(np.linalg.eigvalsh(symmetric.numpy()))
    values: Tensor = torch.linalg.eigvalsh(symmetric)
    return values


def _eigenvectors(symmetric: Tensor) -> tuple[Tensor, Tensor]:
    if symmetric.device.type == "cpu":
        values, vectors = np.linalg.eigh(symmetric.numpy())
        return torch.from_numpy(values), torch.from_numpy(vectors)
    values, vectors = torch.linalg.eigh(symmetric)
    return values, vectors


def _large_square(matrix: Tensor) -> bool:
    return matrix.shape[0] == matrix.shape[1] >= _LARGE
