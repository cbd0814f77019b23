"""Google's speech embedding as shipped by openWakeWord (Apache-2.0), run by ONNX Runtime.

Lin, Kilgour, Roblek and Sharifi, "Training keyword spotters with limited and synthesized speech data", ICASSP 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from metrics.audio.embeddings.embedding import Embedding, Network, windows
from metrics.audio.waveform import Waveform
from metrics.base.ranges import Range
from metrics.onnx_session import run, session

if TYPE_CHECKING:
    import onnxruntime

PATCH = 76  # frames of 10 ms


@dataclass(frozen=True)
class OpenWakeWord(Embedding):
    """One 96-d vector per 0.76 s of speech; runs on the CPU.

    Attributes:
        hop: frames of 10 ms between vectors.
    """

    hop: Annotated[int, Range(1)] = 8
    weights: ClassVar[tuple[str, ...]] = ("openwakeword-melspectrogram", "openwakeword-embedding")
    sample_rate: ClassVar[int] = 16000
    dimension: ClassVar[int] = 96
    shortest: ClassVar[float] = 0.8

    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        spectrogram, embedding = (session(weights[name]) for name in self.weights)

        def embed(waveform: Waveform) -> NDArray[np.float32]:
            # The networks were made for 16-bit integers; x / 10 + 2 is openWakeWord's own step between the two.
            samples = np.clip(np.round(waveform * 32768), -32768, 32767).astype(np.float32)
            mel = _run(spectrogram, samples[None]).reshape(-1, 32) / 10 + 2
            patches = np.stack([mel[start : start + PATCH, :, None] for start in windows(len(mel), PATCH, self.hop)])
            return _run(embedding, patches.astype(np.float32)).reshape(-1, self.dimension)

        return embed


def _run(network: onnxruntime.InferenceSession, array: NDArray[np.float32]) -> NDArray[np.float32]:
    return run(network, {network.get_inputs()[0].name: array})
