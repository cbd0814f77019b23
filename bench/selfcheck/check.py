"""What a check is: one stage's work on an input of its own, and how far its result may move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
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
CODEC = Budget(1e-5, 1e-5, "AAC is decoded in float32, and the standard leaves rounding to the decoder")
FLOAT32 = Budget(2e-6, 1e-5, "float32 rounds at 6e-8, and a sum of tens of terms some times more")
FLOAT64 = Budget(1e-9, 1e-9, "float64 rounds at 1e-16; decompositions and logarithms lose digits")
LEVELS = Budget(1e-3, 1e-3, "pictures are cut down to whole grey levels, and rounding decides about some of them")
TRACKER = Budget(1e-3, 1e-3, "where rounding differs, the search for a point ends 1/64 pixel beside")
NETWORK = Budget(5e-5, 5e-4, "float32 through tens of layers; a GPU sums in another order in each of them")
SOUND_NUMBER = Budget(1e-4, 1e-4, "rounding of the decoded AAC, under a logarithm")
MOTION_NUMBER = Budget(2e-2, 2e-2, "1/64 pixel at the border of two bins moves a whole count of a histogram")
LEVELS_NUMBER = Budget(1e-2, 1e-2, "some pictures' grey levels, through a network")
NETWORK_NUMBER = Budget(1e-4, 5e-3, "a Frechet distance of few vectors amplifies the rounding of features")


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


def is_a(kind: type[ClipMetric] | UnionType, **fields: Any) -> Callable[[ClipMetric], bool]:
    """Whether a metric is of a class, and its configuration has fields of these values."""
    agrees = configured(**fields)
    return lambda metric: isinstance(metric, kind) and agrees(metric)
