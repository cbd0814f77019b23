"""The harness: studies, datasets, runs, profiles, gates and the command line."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

try:
    __version__ = _version("narrator-bench")
except PackageNotFoundError:  # a checkout on the path; the command line says how to install it
    __version__ = "not installed"
