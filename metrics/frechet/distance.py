"""The Frechet distance between two Gaussians fitted to features, in float64, without a matrix square root.

    d^2 = |mu_1 - mu_2|^2 + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^(1/2)

(Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500.) With factors F'F = S the last trace is the nuclear norm
of F_1 F_2', a sum of singular values. It is real and non-negative for any input, also with fewer vectors than
dimensions, where a matrix square root of S_1 S_2 returns complex numbers or fails. With n < d the centred vectors
themselves are the factor and the matrix is n x m, which costs next to nothing; with n >= d the factor is the Cholesky
factor of the covariance, or its symmetric eigen-decomposition where it is singular.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.frechet.moments import Moments
from metrics.frechet.singular import singular_values, singular_values_of_product

Array = Tensor | NDArray[Any]

_ROUNDING = 1e-9
"""Of the positive terms' sum: how far below zero rounding may take a distance."""
_ASYMMETRY = 1e-5
"""Of a covariance's largest entry: how far float32 rounding may part two mirrored ones."""


def frechet_distance(x: Array, y: Array, ddof: int = 1) -> float:
    """Frechet distance (the squared one, as FID and FVD report it) between two sets of feature vectors.

    Args:
        x, y: [n, d] and [m, d], any floating dtype; computed in float64 on the device of `x`.
        ddof: 1 divides the covariances by n - 1 (most implementations), 0 by n (StyleGAN-V, cd-fvd).

    Raises:
        ValueError: a shape is wrong, a value is not finite, a set has fewer than two vectors, or `ddof` is another.

    Example:
        >>> import torch
        >>> x = torch.tensor([[0.0], [2.0]])
        >>> frechet_distance(x, x), frechet_distance(x, x + 3)
        (0.0, 9.0)
    """
    first = torch.as_tensor(x).detach()
    second = torch.as_tensor(y).detach().to(first.device)
    if first.ndim != 2 or second.ndim != 2 or not first.shape[1] == second.shape[1] > 0:
        raise ValueError(f"Features must be [n, d] and [m, d] of one d, got {list(first.shape)}, {list(second.shape)}.")
    if ddof not in (0, 1):
        raise ValueError(f"ddof must be 0 or 1, got {ddof!r}.")
    return Gaussian.fitted([first], ddof).distance(Gaussian.fitted([second], ddof))


def frechet_distance_from_moments(mean_1: Array, covariance_1: Array, mean_2: Array, covariance_2: Array) -> float:
    """Frechet distance between two Gaussians given by their means [d] and covariances [d, d].

    Raises:
        ValueError: a shape is wrong, a value is not finite, or a covariance is not symmetric or not positive
            semi-definite.
    """
    first, second = Gaussian.given(mean_1, covariance_1), Gaussian.given(mean_2, covariance_2)
    if first.mean.shape != second.mean.shape:
        raise ValueError(f"Means must be of one length, got {len(first.mean)} and {len(second.mean)}.")
    return first.distance(second)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian as the Frechet distance wants it.

    Attributes:
        mean: float64 [d].
        factor: float64 [r, d], F'F is the covariance.
        inflation: n / (n - ddof), by which the covariance exceeds the mean of the centred vectors' outer products.
        covariance: float64 [d, d] where the factor is its Cholesky factor, else None.
        n: vectors that it was fitted to; 0 where it was given.
    """

    mean: Tensor
    factor: Tensor
    inflation: float = 1.0
    covariance: Tensor | None = None
    n: int = 0

    @classmethod
    def fitted(cls, chunks: Iterable[Tensor], ddof: int) -> Gaussian:
        """Fitted to the rows of all chunks [k, d], in one pass; no more than d or a few thousand rows are held."""
        coming = map(_finite, chunks)
        held: list[Tensor] = []  # all of them, where they are no more than their dimensions
        n = 0
        for chunk in coming:
            held.append(chunk)
            n += len(chunk)
            if n > chunk.shape[1]:
                moments = Moments.of_chunks(itertools.chain(held, coming))
                n = moments.n
                return cls._factored(moments.mean, moments.covariance(ddof), n / (n - ddof), n)
        if n < 2:
            raise ValueError(f"A Gaussian is fitted to two feature vectors or more, got {n}.")
        vectors = torch.cat([chunk.double() for chunk in held])
        mean = vectors.mean(dim=0)
        return cls(mean, (vectors - mean) / (n - ddof) ** 0.5, n / (n - ddof), n=n)

    @classmethod
    def given(cls, mean: Array, covariance: Array) -> Gaussian:
        """With this mean [d] and covariance [d, d]."""
        mean, covariance = (torch.as_tensor(given).detach().double() for given in (mean, covariance))
        if mean.ndim != 1 or not len(mean) or covariance.shape != (len(mean), len(mean)):
            raise ValueError(f"A mean [d] and a covariance [d, d], got {list(mean.shape)}, {list(covariance.shape)}.")
        if not (torch.isfinite(mean).all() and torch.isfinite(covariance).all()):
            raise ValueError("Means and covariances must be finite, one holds NaN or infinity.")
        apart = (covariance - covariance.T).abs().max()
        if apart > _ASYMMETRY * covariance.abs().max():
            raise ValueError(f"A covariance must be symmetric, in one two mirrored entries differ by {float(apart):g}.")
        return cls._factored(mean, (covariance + covariance.T) / 2)

    @classmethod
    def _factored(cls, mean: Tensor, covariance: Tensor, inflation: float = 1.0, n: int = 0) -> Gaussian:
        lower, failed = torch.linalg.cholesky_ex(covariance)
        if not failed:
            return cls(mean, lower.T, inflation, covariance, n)
        return cls(mean, _factor_of_singular(covariance), inflation, n=n)

    def distance(self, other: Gaussian) -> float:
        """The Frechet distance; exactly zero to itself."""
        if self.equals(other):
            return 0.0
        return self.distance_given(other, self._singular_values(other))

    def _singular_values(self, other: Gaussian) -> Tensor:
        """Those of F_1 F_2', by the quickest way that keeps the digits."""
        if self.covariance is not None and other.covariance is not None:
            values = singular_values_of_product(self.factor.T, other.covariance)
            if values is not None:
                return values
        return singular_values(self.factor @ other.factor.T)

    def distance_given(self, other: Gaussian, singular_values: Tensor) -> float:
        """The distance from the singular values of F_1 F_2'; only what rounding explains is clamped to zero."""
        squares = (self.mean - other.mean, self.factor, other.factor)
        positive = sum(float(part.square().sum()) for part in squares)
        value = positive - 2 * float(singular_values.sum())
        if not value >= -_ROUNDING * positive or value == float("inf"):
            raise FloatingPointError(f"The Frechet distance came out as {value}, which no rounding explains.")
        return max(value, 0.0)

    def equals(self, other: Gaussian) -> bool:
        """Whether both were fitted to the same vectors in the same order."""
        return torch.equal(self.mean, other.mean) and torch.equal(self.factor, other.factor)


def _finite(vectors: Tensor) -> Tensor:
    """The vectors [k, d], where all of them are finite."""
    if not torch.isfinite(vectors).all():
        bad = int((~torch.isfinite(vectors).all(dim=1)).sum())
        raise ValueError(f"Features must be finite; {bad} of {len(vectors)} vectors hold NaN or infinity.")
    return vectors


def _factor_of_singular(covariance: Tensor) -> Tensor:
    """F [r, d] with F'F = a positive semi-definite [d, d]."""
    values, vectors = torch.linalg.eigh(covariance)
    rounding = torch.finfo(torch.float64).eps * len(values) * float(values.abs().max())
    if float(values.min()) < -10 * rounding:
        raise ValueError(f"A covariance must have no negative eigenvalue, one has {float(values.min()):g}.")
    kept = values > rounding
    factor: Tensor = (vectors[:, kept] * values[kept].sqrt()).T
    return factor
