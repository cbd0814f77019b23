"""How the golden numbers are written: readable distances in JSON, projected features in NPZ."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent / "goldens"


def package(name: str) -> str:
    """Name and version of an installed package."""
    return f"{name} {importlib.metadata.version(name)}"


class Golden:
    """The golden numbers of one subject: `goldens/SUBJECT.json`, and `goldens/SUBJECT.npz` where there are features."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._inputs: dict[str, str] = {}
        self._records: dict[str, dict[str, Any]] = {}
        self._features: dict[str, NDArray[Any]] = {}

    def inputs(self, name: str, digest: str) -> None:
        """The digest of inputs that the tests make again."""
        self._inputs[name] = digest

    def record(self, name: str, features: NDArray[Any] | None = None, **values: Any) -> None:
        """One entry: the package, what it computed, and its features projected."""
        self._records[name] = values
        if features is not None:
            self._features[name] = features
        print(self._subject, name, values, flush=True)

    def write(self) -> None:
        versions = [f"Python {platform.python_version()}", *map(package, ("torch", "torchvision", "numpy", "scipy"))]
        content = {
            "command": "python tests/reference/make_goldens.py",
            "environment": versions,
            "inputs": self._inputs,
            "records": self._records,
        }
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(content, indent=1) + "\n"
        (FOLDER / f"{self._subject}.json").write_text(text, encoding="utf-8")
        if self._features:
            np.savez_compressed(FOLDER / f"{self._subject}.npz", **self._features)
