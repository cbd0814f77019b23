"""Recognisers by name: those of this package, and those that installed packages register as entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from metrics.audio.recognition.recogniser import Recogniser
from metrics.base.hints import nearest

GROUP = "narrator_bench.recognisers"
_BUILT_IN = {
    "pocketsphinx": "metrics.audio.recognition.sphinx:Pocketsphinx",
    "whisper-base": "metrics.audio.recognition.whisper:WhisperBase",
    "whisper": "metrics.audio.recognition.whisper:Whisper",
}


def available() -> tuple[EntryPoint, ...]:
    """Every recogniser, not imported yet; a name that two packages register is there twice."""
    return (*(EntryPoint(name, place, GROUP) for name, place in _BUILT_IN.items()), *entry_points(group=GROUP))


def recogniser(name: str, **options: Any) -> Recogniser:
    """A recogniser, built with its options; weights are fetched when they are first needed.

    Raises:
        ValueError: no recogniser has this name, or one refuses its options.
    """
    known = {entry.name: entry for entry in available()}
    if name not in known:
        raise ValueError(f"Unknown recogniser {name!r}.{nearest(name, known)}")
    made: Recogniser = known[name].load()(**options)
    return made
