"""ONNX Runtime, told to speak to nobody and to compute the same bytes on any machine load.

Its telemetry looks up a host and writes a device id and a queue of events into the user's cache. Only this variable
stops it, and only before the import: import this module first, also where another package imports ONNX Runtime.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf

NO_NETWORK = (Fail, InvalidGraph, InvalidProtobuf)
"""What ONNX Runtime raises for a file that is no network, or not the one expected."""


def session(network: str | bytes) -> onnxruntime.InferenceSession:
    """A session on the processor with one thread; several would divide sums differently from run to run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
