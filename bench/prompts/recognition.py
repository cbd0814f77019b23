"""Recognising the words of a clip that has no transcript, with pocketsphinx and the model inside its wheel."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench.files import UnreadableFile, as_text, atomic, read_small
from bench.media.audio import is_silent
from bench.media.clip import Decoding, waveform

ENGINE = f"pocketsphinx {version('pocketsphinx')}, en-us"
_RATE = 16000
_LONGEST = 1 << 24
"""Bytes of text; nobody speaks more in one clip."""


def recognise(soundtrack: Path, decoding: Decoding, cache: Path) -> str:
    """The English words that pocketsphinx hears in the part of the soundtrack that is read; "" in silence.

    Several times slower than reading, so results are kept in `cache`, named by the hash of the samples and the engine.
    Deterministic: each clip gets a decoder of its own, for a decoder that has heard other clips adapts to them.
    """
    heard = waveform(soundtrack, Decoding(sample_rate=_RATE, max_seconds=decoding.max_seconds))
    if is_silent(heard):
        return ""
    pcm = np.round(np.clip(heard, -1, 1) * 32767).astype("<i2").tobytes()
    kept = cache / f"{hashlib.sha256(ENGINE.encode() + pcm).hexdigest()}.txt"
    try:
        return as_text(read_small(kept, _LONGEST))
    except UnreadableFile:  # not heard yet, or damaged since
        text = _decode(pcm)
    with atomic(kept) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return text


def _decode(pcm: bytes) -> str:
    from pocketsphinx import Decoder  # loads its model when made, not when imported

    decoder = Decoder(samprate=_RATE, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""
