"""An array as a few numbers that all of its elements enter, so that it can be stored and compared with another's."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from bench.choice import Strict
from bench.selfcheck.inputs import uniform

_SKETCHES = 4
_SAMPLES = 12


class Reading(Strict):
    """What is stored of one array.

    Attributes:
        shape: of the array.
        mean, rms: the mean of its elements and the root of their mean square.
        sketch: sums of all elements, each with a fixed random sign, divided by the root of their number; a change of
            some elements moves these by about as much as it moves the array, however it cancels in the mean.
        samples: elements evenly spread over the flattened array, first and last included.
    """

    shape: tuple[Annotated[int, Field(ge=1)], ...]
    mean: FiniteFloat
    rms: Annotated[FiniteFloat, Field(ge=0)]
    sketch: Annotated[tuple[FiniteFloat, ...], Field(min_length=_SKETCHES, max_length=_SKETCHES)]
    samples: Annotated[tuple[FiniteFloat, ...], Field(min_length=_SAMPLES, max_length=_SAMPLES)]

    def moved(self, now: Reading) -> float | None:
        """The largest difference between two readings, relative to the rms of this one; None where shapes differ."""
        if self.shape != now.shape:
            return None
        before, after = (np.array([r.mean, r.rms, *r.sketch, *r.samples]) for r in (self, now))
        largest = float(np.abs(after - before).max())
        return largest / self.rms if self.rms else largest

    def change(self, now: Reading) -> str:
        """In a few words, what the array was and is."""
        if self.shape != now.shape:
            return f"shape {list(self.shape)} -> {list(now.shape)}"
        return f"mean {self.mean:.6g} -> {now.mean:.6g}, rms {self.rms:.6g} -> {now.rms:.6g}"


def read(array: NDArray[np.generic]) -> Reading:
    """The reading of an array of any shape that is not empty.

    Sums are taken in float64: those of whole numbers, or of fractions of one power of two, come out exactly.

    Raises:
        ValueError: the array is empty, or holds NaN or infinity.
    """
    flat = np.asarray(array, np.float64).ravel()
    if not flat.size or not np.isfinite(flat).all():
        raise ValueError("the result is empty" if not flat.size else "the result holds NaN or infinity")
    sketch = [float((flat * np.sign(uniform(seed, flat.size))).sum() / flat.size**0.5) for seed in range(_SKETCHES)]
    samples = flat[np.linspace(0, flat.size - 1, _SAMPLES).round().astype(int)]
    return Reading(
        shape=np.shape(array) or (1,),
        mean=float(flat.mean()),
        rms=float(np.sqrt((flat * flat).mean())),
        sketch=tuple(sketch),
        samples=tuple(samples.tolist()),
    )
