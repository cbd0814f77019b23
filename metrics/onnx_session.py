"""ONNX Runtime as every network of this package runs in it: quiet, on one thread, without a word to anybody."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime


def session(path: Path) -> onnxruntime.InferenceSession:
    """A network on the CPU; what it computes does not depend on the number of threads.

    Raises:
        Exception: of ONNX Runtime's own kinds, where the file is no network.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by the import; it would look up a host and write into the cache
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=8)
def loaded(path: Path) -> onnxruntime.InferenceSession:
    """One session per process and file."""
    return session(path)


def run(network: onnxruntime.InferenceSession, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """The only output of a network."""
    (output,) = network.run(None, dict(inputs))
    return np.asarray(output)
