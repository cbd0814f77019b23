"""Mean and scatter of a stream of vectors in float64, mergeable, so that memory does not grow with the clips."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

ROWS = 2048
"""Vectors that are taken together: float64 copies of no more than twice as many are made."""


def gram(x: Tensor) -> Tensor:
    """X'X of [n, d]; on a CPU by NumPy, which computes one half of the symmetric product and mirrors it."""
    if x.device.type == "cpu":
        array = x.numpy()
        return torch.from_numpy(array.T @ array)
    return x.T @ x


@dataclass(frozen=True, eq=False)
class Moments:
    """The first two moments of n vectors.

    Attributes:
        n: how many vectors.
        mean: float64 [d].
        scatter: float64 [d, d], the sum of the centred vectors' outer products.
    """

    n: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """Moments of the rows of [n, d]."""
        features = features.double()
        mean = features.mean(dim=0)
        centred = features - mean
        return cls(len(features), mean, gram(centred))

    @classmethod
    def of_chunks(cls, chunks: Iterable[Tensor | NDArray[Any]], rows: int = ROWS) -> Moments:
        """Moments of all rows of many arrays [k, d], merged in their order.

        Chunks are gathered into blocks of `rows` first, and longer ones divided: one large matrix product costs far
        less than many small ones, and one of an hour's vectors would take gigabytes.
        """
        merged: Moments | None = None
        block: list[Tensor] = []
        waiting = 0
        for piece in (piece for chunk in chunks for piece in torch.split(torch.as_tensor(chunk), rows)):
            block.append(piece)
            waiting += len(piece)
            if waiting >= rows:
                merged = cls.of(torch.cat(block)) + merged
                block, waiting = [], 0
        if waiting:
            merged = cls.of(torch.cat(block)) + merged
        if merged is None:
            raise ValueError("There are no moments of no vectors.")
        return merged

    def __add__(self, other: Moments | None) -> Moments:
        """Both streams together (Chan, Golub and LeVeque 1983)."""
        if other is None or other.n == 0:
            return self
        n = self.n + other.n
        difference = other.mean - self.mean
        scatter = self.scatter + other.scatter + torch.outer(difference, difference) * (self.n * other.n / n)
        return Moments(n, self.mean + difference * (other.n / n), scatter)

    def covariance(self, ddof: int = 1) -> Tensor:
        """float64 [d, d], divided by n - ddof."""
        if self.n <= ddof:
            raise ValueError(f"A covariance with ddof {ddof} needs at least {ddof + 1} vectors, got {self.n}.")
        return self.scatter / (self.n - ddof)
