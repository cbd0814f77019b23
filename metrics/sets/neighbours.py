"""Precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991), density and coverage (Naeem et al. 2020),
as the package `prdc` computes them; one vector for each clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Overlap = Literal["precision", "recall", "density", "coverage"]


@dataclass(frozen=True)
class Neighbourhoods:
    """Who lies in whose neighbourhood, a ball that reaches to the k-th nearest vector of its own set.

    Attributes:
        near_reference: bool [n, m], whether generated vector j lies in the ball around reference vector i.
        near_generated: bool [n, m], whether reference vector i lies in the ball around generated vector j.
    """

    near_reference: NDArray[np.bool_]
    near_generated: NDArray[np.bool_]
    k: int

    @classmethod
    def of(cls, reference: Floats, generated: Floats, k: int) -> Neighbourhoods:
        """Of vectors [n, d] and [m, d], each more than k."""
        across = distances(reference, generated)
        return cls(across < _radii(reference, k)[:, None], across < _radii(generated, k)[None, :], k)

    def share(self, what: Overlap, reference: Floats, generated: Floats) -> float:
        """One of the four numbers, with weights [n] and [m] of the clips; a clip of weight 0 is not there."""
        weights = generated if what in ("precision", "density") else reference
        return float(np.average(self.by_vector(what, reference, generated), weights=weights))

    def by_vector(self, what: Overlap, reference: Floats, generated: Floats) -> Floats:
        """What each generated vector (precision, density) or reference vector (recall, coverage) adds to the mean."""
        if what == "precision":
            return np.asarray(self.near_reference[reference > 0].any(axis=0), np.float64)
        if what == "density":
            return np.asarray(reference @ self.near_reference / self.k)
        near = self.near_generated if what == "recall" else self.near_reference
        return np.asarray(near[:, generated > 0].any(axis=1), np.float64)


def distances(first: Floats, second: Floats) -> Floats:
    """Euclidean distances [n, m] between rows; differences, not products, so that equal rows are at 0 exactly."""
    return np.array([np.linalg.norm(second - row, axis=1) for row in first])


def _radii(vectors: Floats, k: int) -> Floats:
    """Distance of each vector to its k-th nearest other one."""
    return np.asarray(np.partition(distances(vectors, vectors), k, axis=1)[:, k])
