"""Content hashes: what a cached result depends on, so that it is void when any of that changes."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from narrator.contract import Prompt


def of_json(content: Any) -> str:
    """Hash of JSON-like content, independent of the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def of_file(path: Path) -> str:
    """Hash of a file's bytes; read once per process as long as the file stays untouched."""
    state = path.stat()
    return _of_file(str(path), state.st_size, state.st_mtime_ns, state.st_ino)


@functools.lru_cache(maxsize=2**18)
def _of_file(path: str, *_untouched: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:32]


def of_prompt(prompt: Prompt) -> str:
    """Hash of all that a generator is given."""
    words = [prompt.key, prompt.name, prompt.text, prompt.seed, prompt.voice.sample_rate]
    digest = hashlib.sha256(json.dumps(words).encode())
    for array in (prompt.image, prompt.voice.waveform):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def seed_for(seed: int, *names: str) -> int:
    """A seed of 63 bits derived from the study's seed and names, independent of the order of work."""
    return int.from_bytes(hashlib.sha256("\0".join([str(seed), *names]).encode()).digest()[:8], "big") >> 1
