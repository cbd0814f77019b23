"""Mouth shapes of a clip's face, frame by frame, from the points of its mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.base.metric import Unmeasurable

Floats = NDArray[np.float64]

LEAST_SEEN = 0.8
"""Share of a clip's frames that must show a face; the few between them are interpolated."""

_INNER_LIPS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
"""Points of the upper and of the lower lip, one above the other, from the middle outwards."""
_CORNERS = (78, 308)
_OUTER_LIPS = (0, 17)
_EYE_CORNERS = (33, 263)


def mouth_shape(points: NDArray[np.float32]) -> Floats:
    """Opening, width and outer height of the mouth of one mesh [468, 3], in distances between the eyes: float64 [3].

    Distances are of all three dimensions, so that a turned head changes them little.
    """
    mesh = points.astype(np.float64)
    eyes = _distance(mesh, _EYE_CORNERS)
    opening = np.mean([_distance(mesh, pair) for pair in _INNER_LIPS])
    return np.array([opening, _distance(mesh, _CORNERS), _distance(mesh, _OUTER_LIPS)]) / max(eyes, 1e-6)


def without_gaps(shapes: list[Floats | None]) -> Floats:
    """The shapes of all frames, float64 [T, 3]; those of frames without a face are interpolated.

    Raises:
        Unmeasurable: there are no frames, too few of them show a face, or the mouth never moves.
    """
    if not shapes:
        raise Unmeasurable("the clip has no frames")
    seen = np.array([shape is not None for shape in shapes])
    if seen.mean() < LEAST_SEEN:
        raise Unmeasurable(f"a face is seen in {seen.sum()} of {len(seen)} frames, in {LEAST_SEEN:.0%} it must be")
    known = np.array([shape for shape in shapes if shape is not None])
    if np.ptp(known[:, 0]) < 1e-6:
        raise Unmeasurable("the mouth never moves")
    time = np.arange(len(shapes))
    return np.column_stack([np.interp(time, time[seen], column) for column in known.T])


def _distance(mesh: Floats, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(mesh[pair[0]] - mesh[pair[1]]))
