"""Recognising the words of a clip that has no transcript."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from bench.choice import Choice
from bench.errors import UserMistake, shown
from bench.files import UnreadableFile, as_text, atomic, read_small
from bench.media.audio import is_silent
from bench.media.clip import Decoding, waveform
from bench.plugins import build_recogniser
from bench.strict_yaml import read_yaml
from metrics.audio.recognition.recogniser import SAMPLE_RATE, Recogniser
from metrics.weights import WeightsError

DEFAULT = "pocketsphinx"
"""What is always installed: which words a run takes must not depend on what else is."""

NONE = "none"
"""In place of a recogniser's name: only words that are written down count."""

_OPTION = re.compile(r":(?=[A-Za-z_]\w*=)")

_LONGEST = 1 << 24
"""Bytes of text; nobody speaks more in one clip."""


def recognise(soundtrack: Path, decoding: Decoding, cache: Path, recogniser: str = DEFAULT) -> tuple[str, str]:
    """The words that a recogniser hears in the part of the soundtrack that is read ("" in silence), and its engine.

    Several times slower than reading, so results are kept in `cache`, named by the hash of the samples and the engine.

    Args:
        recogniser: NAME or NAME:OPTION=VALUE:..., for example "whisper:model=medium.en".

    Raises:
        UserMistake: there is no such recogniser, or it or its weights are not installed.
        UnreadableClip: the soundtrack cannot be decoded.
    """
    built = _built(recogniser)
    try:
        engine = built.engine()
        heard = waveform(soundtrack, Decoding(sample_rate=SAMPLE_RATE, max_seconds=decoding.max_seconds))
        if is_silent(heard):
            return "", engine
        samples = np.ascontiguousarray(heard, dtype="<f4").tobytes()
        kept = cache / f"{hashlib.sha256(engine.encode() + samples).hexdigest()}.txt"
        try:
            return as_text(read_small(kept, _LONGEST)), engine
        except UnreadableFile:  # not heard yet, or damaged since
            text = built.transcribe(heard)
    except WeightsError as error:
        raise UserMistake(f"The words of {soundtrack.name} cannot be recognised. {error}") from error
    with atomic(kept) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return text, engine


@functools.lru_cache(maxsize=2)
def _built(recogniser: str) -> Recogniser:
    """A recogniser with its weights; built once in each process."""
    return build_recogniser(named_recogniser(recogniser))


def named_recogniser(written: str) -> Choice:
    """The recogniser that NAME:OPTION=VALUE:... names.

    Raises:
        UserMistake: an option is given twice, or its value is not YAML.
    """
    name, *given = _OPTION.split(written)
    options: dict[str, Any] = {}
    for option, _, value in (part.partition("=") for part in given):
        if option in options:
            raise UserMistake(f"transcripts: the option '{shown(option, 80)}' is given twice: keep one.")
        options[option] = read_yaml(value, f"transcripts: '{shown(value, 80)}'")
    return Choice(name=name, plugin=name, options=options)
