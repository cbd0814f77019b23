"""The harness: studies, datasets, runs, profiles, gates and the command line."""

import os as _os
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

_cache = _os.path.expanduser(_os.environ.get("NARRATOR_BENCH_CACHE") or "~/.cache/narrator-bench/weights")
_os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime would look up a host; workers and programs inherit this
if _os.path.isabs(_cache):  # where else would libraries that we import make folders of their own
    _os.environ.setdefault("MPLCONFIGDIR", _os.path.join(_cache, "matplotlib"))
    _os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", _os.path.join(_cache, "torchinductor"))

try:
    __version__ = _version("narrator-bench")
except PackageNotFoundError:  # a checkout on the path; the command line says how to install it
    __version__ = "not installed"
