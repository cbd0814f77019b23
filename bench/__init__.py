"""The harness: studies, datasets, runs, profiles, gates and the command line."""

import os as _os
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

_os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime would look up a host; workers and programs inherit this

try:
    __version__ = _version("narrator-bench")
except PackageNotFoundError:  # a checkout on the path; the command line says how to install it
    __version__ = "not installed"
