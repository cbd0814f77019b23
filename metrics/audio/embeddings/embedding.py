"""What an audio embedding is to the Frechet audio distance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.audio.waveform import Waveform, checked, resampled
from metrics.base.metric import LONGEST_SOUND, Unmeasurable
from metrics.base.ranges import Configuration
from metrics.weights import fetch

Vectors = NDArray[np.floating[Any]]
Network = Callable[[Waveform], Vectors]
"""From a waveform float32 [S] at the embedding's sample rate to vectors float32 [k, d], k > 0."""


class Embedding(Configuration, ABC):
    """An embedding. A concrete one is a frozen dataclass: its fields and the weights decide the vectors.

    Attributes:
        weights: names of the weight files, see `metrics.weights`.
        longest: seconds of sound that it takes in bounded memory, see `metrics.base.metric.ClipMetric.longest_sound`.
    """

    weights: ClassVar[tuple[str, ...]]
    longest: ClassVar[float] = LONGEST_SOUND

    @property
    @abstractmethod
    def sample_rate(self) -> int:
        """Hz that the network expects."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """d, the length of a vector."""

    @property
    @abstractmethod
    def shortest(self) -> float:
        """Seconds of sound below which there is no vector."""

    def prepare(self) -> None:
        """Make sure that what the network needs beside `weights` is here.

        Raises:
            WeightsMissing: it is not; one sentence that says what to do.
        """

    @abstractmethod
    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        """Build the network and load its weights; `vectors` calls it without gradients and in full precision."""

    def resampled(self, waveform: Waveform, sample_rate: int) -> Waveform:
        """A waveform float32 [S] at `sample_rate` Hz as the network gets it, at its own rate."""
        return resampled(waveform, sample_rate, self.sample_rate)

    def vectors(self, waveform: Waveform, sample_rate: int, device: torch.device) -> Vectors:
        """The vectors [k, d] of a waveform float32 [S] at any sample rate.

        Raises:
            Unmeasurable: it is too short, silent, or holds NaN or infinity, or the network answers with such.
            WeightsMissing: a weight file is not here and cannot be fetched.
        """
        signal = checked(waveform, sample_rate, self.shortest)
        network = _loaded(self, device)
        with torch.inference_mode(), _full_precision(device):
            vectors = network(self.resampled(signal, sample_rate))
        if not np.isfinite(vectors).all():
            raise Unmeasurable("the network's embedding of the audio is not finite")
        return vectors


@lru_cache(maxsize=4)
def _loaded(embedding: Embedding, device: torch.device) -> Network:
    """One network per process, however many metrics ask for it."""
    return embedding.network({name: fetch(name) for name in embedding.weights}, device)


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """float32 without its short cuts on GPUs, whatever the caller has switched on: embeddings must not depend on it."""
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with exact, torch.autocast(device.type, enabled=False):
        yield


def windows(length: int, window: int, hop: int) -> list[int]:
    """The starts of all windows that lie wholly inside `length`."""
    return list(range(0, length - window + 1, hop))
