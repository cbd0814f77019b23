"""CLAP, PANNs and EnCodec through the `frechet-audio-distance` package (0.3.4), which downloads their weights itself.

The package needs torchvision and torchaudio, so it is an extra and imported only when one of these is asked for.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.audio.embeddings.embedding import Embedding, Network
from metrics.audio.embeddings.kaiser_sinc import RESAMPY
from metrics.audio.waveform import Waveform
from metrics.base.metric import Unmeasurable
from metrics.weights import WeightsMissing

PACKAGE = "frechet-audio-distance"
MODELS = {"clap": (48000, 512), "pann": (16000, 2048), "encodec": (24000, 128)}
"""Sample rate and dimension by the package's name of the model."""


def _installed() -> str:
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


@dataclass(frozen=True)
class Packaged(Embedding):
    """One vector per clip (CLAP, PANNs) or per 13 ms (EnCodec before its quantiser).

    Attributes:
        model: the package's name of the network.
        version: of the package that is installed, "absent" without it; it decides which weights are loaded.
    """

    model: Literal["clap", "pann", "encodec"]
    version: str = field(default_factory=_installed)
    weights: ClassVar[tuple[str, ...]] = ()
    shortest: ClassVar[float] = 1.0

    @property
    def sample_rate(self) -> int:
        return MODELS[self.model][0]

    @property
    def dimension(self) -> int:
        return MODELS[self.model][1]

    def prepare(self) -> None:
        self._package()

    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        model = self._package().FrechetAudioDistance(model_name=self.model, sample_rate=self.sample_rate, channels=1)

        def embed(waveform: Waveform) -> NDArray[np.float32]:
            # The package prints its exceptions and goes on without the clip.
            try:
                vectors = model.get_embeddings([waveform], sr=self.sample_rate)
            except ValueError as error:
                raise Unmeasurable(f"{PACKAGE} could not embed the clip ({error})") from error
            return np.asarray(vectors, np.float32).reshape(-1, self.dimension)

        return embed

    def resampled(self, waveform: Waveform, sample_rate: int) -> Waveform:
        return RESAMPY(waveform, sample_rate, self.sample_rate)

    def _package(self) -> ModuleType:
        try:
            return importlib.import_module("frechet_audio_distance")
        except (ImportError, RuntimeError, OSError) as error:  # the last two from a torchvision or torchaudio amiss
            raise WeightsMissing(
                f"FAD on {self.model} needs {PACKAGE} ({error}): install narrator-bench[fad] into an environment whose "
                "torch has a matching torchvision and torchaudio."
            ) from error
