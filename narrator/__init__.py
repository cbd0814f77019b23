"""The bundled full generator: prompt text, one face image and a voice profile to speech and talking-face video.

    import narrator

    generator = narrator.load("small", weight_paths=...)
    narration = generator(prompt)

`narrator.contract` is what other generators need of this package; importing it, or this package, loads no network
library: everything else is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narrator.checkpoints.inspecting import inspect
    from narrator.checkpoints.reading import CheckpointError
    from narrator.loading import load
    from narrator.model import Narrator

__all__ = ["CheckpointError", "Narrator", "inspect", "load"]

_HOMES = {
    "CheckpointError": "narrator.checkpoints.reading",
    "Narrator": "narrator.model",
    "inspect": "narrator.checkpoints.inspecting",
    "load": "narrator.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'narrator' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
