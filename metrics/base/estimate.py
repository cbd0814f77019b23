"""A distance between two sets of clips, with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A distance between two sets of clips, its 95 % interval if it can be had, and what belongs beside it.

    Attributes:
        influences: how much each clip of the two sets moved the value, float64 [n] and [m], each with a sum of zero;
            None where that is not known.
    """

    value: float
    interval: tuple[float, float] | None
    details: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    influences: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def by_clip(self, keys: Sequence[str]) -> dict[str, float]:
        """Numbers by clip whose mean is the distance and whose standard error over clips is the distance's.

        The value plus n times the joint influence of a generated clip and its reference: the pseudo-values of the
        infinitesimal jackknife (Jaeckel 1972; Efron and Tibshirani 1993, chapter 11).

        Args:
            keys: of the pairs, in the order of both sets; nothing comes of them where the influences are not known.
        """
        if self.influences is None:
            return {}
        joint = self.influences[0] + self.influences[1]
        return dict(zip(keys, (self.value + len(keys) * joint).tolist(), strict=True))
