"""Google's speech embedding as shipped by openWakeWord (Apache-2.0), run by ONNX Runtime.

Lin, Kilgour, Roblek and Sharifi, "Training keyword spotters with limited and synthesized speech data", ICASSP 2020.
"""

from __future__ import annotations

import os
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
        spectrogram, embedding = (_session(weights[name]) for name in self.weights)

        def embed(waveform: Waveform) -> NDArray[np.float32]:
            # The networks were made for 16-bit integers; x / 10 + 2 is openWakeWord's own step between the two.
            samples = np.clip(np.round(waveform * 32768), -32768, 32767).astype(np.float32)
            mel = _run(spectrogram, samples[None]).reshape(-1, 32) / 10 + 2
            patches = np.stack([mel[start : start + PATCH, :, None] for start in windows(len(mel), PATCH, self.hop)])
            return _run(embedding, patches.astype(np.float32)).reshape(-1, self.dimension)

        return embed


def _session(path: Path) -> onnxruntime.InferenceSession:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by the import; it would look up a host and write into the cache
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, array: NDArray[np.float32]) -> NDArray[np.float32]:
    (output,) = session.run(None, {session.get_inputs()[0].name: array})
    return np.asarray(output)
