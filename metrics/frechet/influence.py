"""How much each feature vector moves a Frechet distance: its influence function, and from it a standard error.

The gradient with respect to S_1 is I - T, where T is the optimal transport map between the Gaussians, so a vector x of
the first set moves the distance by

    2 (mu_1 - mu_2)'(x - mu_1) + |x - mu_1|^2 - (x - mu_1)' T (x - mu_1)

less its mean. With factors F'F = S and F_1 F_2' = U s V', the last term is |s^(-1/2) V' F_2 (x - mu_1)|^2, which holds
with fewer vectors than dimensions too. One singular value decomposition thus replaces hundreds of resampled distances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.frechet.distance import Gaussian
from metrics.frechet.moments import ROWS
from metrics.frechet.singular import singular_vectors


@dataclass(frozen=True)
class Influence:
    """A Frechet distance and how much each clip moved it.

    Attributes:
        distance: the distance.
        first, second: float64 [n] and [m], one number for each clip of either set; each sums to zero, and the distance
            without a clip is, to first order in 1/n, smaller by the clip's number.
    """

    distance: float
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    @property
    def standard_error(self) -> float:
        """Standard error of the distance over clips, the two sets being independent."""
        return float(sum(_variance(side) for side in (self.first, self.second)) ** 0.5)


def influence(first: Gaussian, second: Gaussian, clips_1: Sequence[Tensor], clips_2: Sequence[Tensor]) -> Influence:
    """The Frechet distance and its influence function, summed over the vectors of each clip.

    Args:
        first, second: fitted to `clips_1` and `clips_2`.
        clips_1, clips_2: the vectors [k, d] of each clip; none where a side is fixed and only its Gaussian is known.
            Clips are the independent units, not their vectors: frames of one clip resemble each other.
    """
    left, singular, right = singular_vectors(first.factor @ second.factor.T)
    kept = singular > torch.finfo(torch.float64).eps * len(singular) * singular.max()
    root = singular[kept, None].sqrt()
    transport_1 = (right[kept] @ second.factor) / root
    transport_2 = (left[:, kept].T @ first.factor) / root
    shift = first.mean - second.mean
    return Influence(
        first.distance_given(second, singular),
        _by_clip(clips_1, first, shift, transport_1),
        _by_clip(clips_2, second, -shift, transport_2),
    )


def _by_clip(clips: Sequence[Tensor], fitted: Gaussian, shift: Tensor, transport: Tensor) -> NDArray[np.float64]:
    """Each clip's influence, which is the sum of its vectors'."""
    if not clips:
        return np.zeros(0)
    lengths: list[int] = []
    sums: list[float] = []
    for owners, block in _blocks(clips):
        centred = torch.cat(block).double() - fitted.mean
        moved = centred.square().sum(dim=1) - (centred @ transport.T).square().sum(dim=1)
        numbers = torch.split(2 * centred @ shift + fitted.inflation * moved, [len(piece) for piece in block])
        for owner, piece in zip(owners, numbers, strict=True):
            if owner == len(sums):
                sums.append(0.0)
                lengths.append(0)
            sums[owner] += float(piece.sum())
            lengths[owner] += len(piece)
    sizes = np.array(lengths, dtype=np.float64)
    # A clip of more vectors weighs more; what counts is how its vectors differ from the mean influence of a vector.
    moved_by: NDArray[np.float64] = (np.array(sums) - sum(sums) / sizes.sum() * sizes) / sizes.sum()
    return moved_by


def _blocks(clips: Sequence[Tensor]) -> Iterator[tuple[list[int], list[Tensor]]]:
    """The vectors of many clips together, about `ROWS` at a time, and which clip each piece is of.

    One product of many vectors costs far less than many of a few; one of an hour's vectors would take gigabytes.
    """
    owners: list[int] = []
    block: list[Tensor] = []
    waiting = 0
    for owner, clip in enumerate(clips):
        for piece in torch.split(clip, ROWS) if len(clip) else (clip,):
            owners.append(owner)
            block.append(piece)
            waiting += len(piece)
            if waiting >= ROWS:
                yield owners, block
                owners, block, waiting = [], [], 0
    if block:
        yield owners, block


def _variance(side: NDArray[np.float64]) -> float:
    return float(np.square(side).sum()) * len(side) / (len(side) - 1) if len(side) else 0.0
