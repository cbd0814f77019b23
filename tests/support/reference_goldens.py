"""Read the golden numbers of the reference packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parents[1] / "reference" / "goldens"


class Goldens:
    """The golden numbers of one subject; `inputs` are the digests of what the packages were given."""

    def __init__(self, subject: str) -> None:
        content = json.loads((FOLDER / f"{subject}.json").read_text(encoding="utf-8"))
        self.inputs: dict[str, str] = content["inputs"]
        self.records: dict[str, dict[str, Any]] = content["records"]
        path = FOLDER / f"{subject}.npz"
        self.features: dict[str, NDArray[Any]] = dict(np.load(path)) if path.exists() else {}


def deviation(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """The largest of the vectors' relative deviations |ours - theirs| / |theirs|."""
    return float((np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)).max())
