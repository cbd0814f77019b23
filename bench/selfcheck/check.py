"""What a check is: one stage's work on an input of its own, and how far its result may move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from metrics.base.metric import ClipMetric, Modality

Stage = Literal["inputs", "decode", "resample", "resize", "analysis", "network", "statistics", "numbers"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order in which a clip passes them; the first that moved is the one to blame.

`inputs` says that the checks themselves are fed as ever; `analysis` is what is computed by rule from sound and frames:
spectra, cepstra, windows, tracks; `numbers` are whole metrics on bundled clips.
"""


@dataclass(frozen=True)
class Budget:
    """How far a result may move before it counts as moved, relative to its root mean square (a number: to itself).

    Attributes:
        same: between devices of one kind.
        across: between a CPU and a GPU.
        reason: why no less.
    """

    same: float
    across: float
    reason: str

    def between(self, device: str, other: str) -> float:
        """The one that holds between two devices, as PyTorch names them."""
        return self.same if device.partition(":")[0] == other.partition(":")[0] else self.across


EXACT = Budget(0.0, 0.0, "whole numbers, or sums of them: any difference is a change of what is computed")
COLOUR = Budget(1e-2, 1e-2, "one grey level either way, as converters for other processors round")
CODEC = Budget(1e-4, 1e-4, "AAC is decoded in float32, and the standard leaves rounding to the decoder")
FLOAT32 = Budget(2e-6, 1e-5, "float32 rounds at 6e-8, and sums of tens of terms some times more")
FLOAT64 = Budget(1e-8, 1e-8, "float64 rounds at 1e-16; decompositions and logarithms of small spectra lose digits")
TRACKER = Budget(1e-3, 1e-3, "a point's search ends a step of 1/64 pixel earlier or later when rounding differs")
NETWORK = Budget(2e-5, 5e-4, "float32 through some tens of layers; a GPU sums in another order at each of them")
MOTION_NUMBER = Budget(2e-2, 2e-2, "one step of 1/64 pixel at a bin's border moves a whole count of a histogram")
SOUND_NUMBER = Budget(1e-4, 1e-4, "that of decoding AAC")
NETWORK_NUMBER = Budget(1e-3, 1e-2, "a Frechet distance of few vectors amplifies the features' rounding")


@dataclass(frozen=True)
class Check:
    """One stage's work on an input of its own.

    Attributes:
        stage, name: what is checked; unique together.
        budget: of its reading.
        result: the array that the work gives on a device.
        concerns: whether a metric depends on this work.
        weights: names of the weight files that it needs, see `metrics.weights`.
    """

    stage: Stage
    name: str
    budget: Budget
    result: Callable[[str], NDArray[Any]]
    concerns: Callable[[ClipMetric], bool]
    weights: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Under which records hold its reading."""
        return f"{self.stage}/{self.name}"


def looks_at(modality: Modality) -> Callable[[ClipMetric], bool]:
    """Whether a metric looks at pictures, or listens."""
    return lambda metric: modality in metric.modalities


def configured(**fields: Any) -> Callable[[ClipMetric], bool]:
    """Whether a metric's configuration has fields of these values."""
    return lambda metric: all(getattr(metric.config, name, None) == value for name, value in fields.items())
