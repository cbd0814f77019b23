"""The harness: studies, datasets, runs, profiles, gates and the command line."""

from importlib.metadata import version as _version

__version__ = _version("narrator-bench")
