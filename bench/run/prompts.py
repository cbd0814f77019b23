"""Prompts on disk: each is built once and then given to every generator."""

from __future__ import annotations

import functools
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import fingerprint
from bench.files import read_checked, write_checked
from metrics.base.asked import Asked
from narrator.contract import Prompt, Voice


@dataclass(frozen=True)
class StoredPrompt:
    """A prompt of a run, to metrics that look at it."""

    path: Path

    def asked(self) -> Asked:
        """See `PromptSource`; raises as `read_prompt`."""
        prompt = read_prompt(self.path)
        return Asked(prompt.text, prompt.image, prompt.voice.waveform, prompt.voice.sample_rate)


def write_prompt(path: Path, prompt: Prompt) -> None:
    """Keep a prompt."""
    words = json.dumps([prompt.key, prompt.name, prompt.text, prompt.seed, prompt.voice.sample_rate]).encode()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        words=np.frombuffer(words, np.uint8),
        image=prompt.image,
        waveform=prompt.voice.waveform,
    )
    write_checked(path, buffer.getvalue())


def read_prompt(path: Path) -> Prompt:
    """What `write_prompt` kept.

    Raises:
        FileNotFoundError: nothing was kept.
        Damaged: the file is not what was kept.
    """
    with np.load(io.BytesIO(read_checked(path)), allow_pickle=False) as arrays:
        key, name, text, seed, sample_rate = json.loads(arrays["words"].tobytes())
        return Prompt(key, text, arrays["image"], Voice(arrays["waveform"], sample_rate), seed, name=name)


def prompt_hash(path: Path) -> str:
    """`fingerprint.of_prompt` of a stored prompt; computed once per process as long as the file stays untouched.

    Raises:
        FileNotFoundError, Damaged: as `read_prompt`.
    """
    state = path.stat()
    return _prompt_hash(str(path), state.st_size, state.st_mtime_ns, state.st_ino)


@functools.lru_cache(maxsize=2**18)
def _prompt_hash(path: str, *_untouched: int) -> str:
    return fingerprint.of_prompt(read_prompt(Path(path)))
