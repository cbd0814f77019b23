"""Neural English speech on the processor, with the time of every phone.

The voice is hibari-tts 0.2.1 (PyPI, Apache-2.0; the American English voice is inside its wheel): text in, 24 kHz out,
about a hundred times faster than real time on one core, the same bytes for the same seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrator.contract import GenerationFailed
from narrator.files import sha256
from narrator.prompts import nothing_to_speak, speakable_text

_PUNCTUATION = frozenset(';:,.!?—…"()“” ')
_LONGEST_CHUNK = 400
"""Phones per pass through the network. hibari splits long sentences only at punctuation; its attention is quadratic."""

_LONGEST_WORD = 100
"""hibari's network for unknown words stops after some 50 phones."""

_LEAD_S = 0.05
"""hibari sounds this much before its durations say: measured on sibilants and vowels, the same in every sentence."""

_PHONE_ENDS = "/CumSum_output_0"
"""The tensor in hibari's network that holds the running sum of the phones' durations."""


@dataclass(frozen=True)
class Phone:
    """One symbol of hibari's phone alphabet (misaki's IPA, also punctuation and stress marks), start and end in s."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Utterance:
    """Speech, float32 [S] in -1..1, and its phones, which follow each other without gaps from 0 to S / rate."""

    waveform: NDArray[np.float32]
    phones: tuple[Phone, ...]


class NeuralSpeech:
    """Text to speech; the network is loaded when the first text is spoken."""

    sample_rate = 24_000

    def __init__(self) -> None:
        self._voice: Any = None

    def say(self, text: str, seed: int) -> NDArray[np.float32]:
        """The spoken text, float32 [S]; see `utter`."""
        return self.utter(text, seed).waveform

    def utter(self, text: str, seed: int) -> Utterance:
        """Speak a text of any length, sentence by sentence.

        Emoji and symbols without a name in English are not spoken.

        Raises:
            GenerationFailed: the text is too long, nothing in it can be pronounced, or it holds letters that the voice
                would leave out without a word.
        """
        spoken = speakable_text(text)
        if longest := next((word for word in spoken.split() if len(word) > _LONGEST_WORD), ""):
            raise GenerationFailed(f"a word of {len(longest)} letters ({longest[:20]}...) cannot be pronounced")
        self._load()
        waveforms, phones, samples = [], [], 0
        rng = np.random.default_rng(seed % 2**64)
        for sentence in self._sentences(spoken):
            for chunk in _chunks(sentence):
                waveform, ends = self._synthesize(chunk, rng)
                times = (samples + np.maximum(ends - _LEAD_S * self.sample_rate, 0.0)) / self.sample_rate
                phones += [Phone(s, float(a), float(b)) for s, a, b in zip(chunk, times, times[1:], strict=False)]
                waveforms.append(waveform)
                samples += len(waveform)
        if not waveforms:
            raise GenerationFailed(nothing_to_speak(text))
        return Utterance(
            np.clip(np.concatenate(waveforms), -1.0, 1.0), _without_gaps(phones, samples / self.sample_rate)
        )

    def describe(self) -> dict[str, str]:
        """Name, version and network of the voice, and the version of what runs it."""
        return {
            "voice": "hibari heart (American English)",
            "version": version("hibari-tts"),
            "sha256": _network_hash(),
            "onnxruntime": version("onnxruntime"),
        }

    def _sentences(self, text: str) -> list[str]:
        """The phones of each sentence."""
        try:
            # hibari would read "[word](/sounds/)" as markup; a prompt is plain text.
            phones: list[str] = self._voice.phonemize(text.translate({ord("["): " ", ord("]"): " "}))
        except IndexError as error:
            raise GenerationFailed("a number in the text is too long to be read; write it in words") from error
        return phones

    def _synthesize(self, symbols: str, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Waveform, and the sample at which each of the len(symbols) phones starts, plus the last one's end."""
        from hibari import dsp

        ids = [0, *[self._voice.vocab[symbol] for symbol in symbols], 0]
        feed = {"ids": np.asarray([ids], np.int64), "speed": np.ones(1, np.float32)}
        *spectra, ends = self._voice.sess.run(None, feed)
        waveform = dsp.synth(*[part[0] for part in spectra], rng)
        return waveform, ends[: len(symbols) + 1].astype(np.float64) * (len(waveform) / ends[-1])

    def _load(self) -> None:
        if self._voice is not None:
            return
        from hibari import Hibari
        from hibari.voices import DEFAULT, voice_path

        import narrator.onnx as onnx  # before hibari, which imports ONNX Runtime

        network = _with_output(Path(voice_path(DEFAULT)).read_bytes(), _PHONE_ENDS)
        try:
            self._voice = Hibari(model=network, threads=1)
        except onnx.NO_NETWORK as error:
            message = "this version of hibari-tts does not tell phone durations: pip install hibari-tts==0.2.1"
            raise GenerationFailed(message) from error


@cache
def _network_hash() -> str:
    from hibari.voices import DEFAULT, voice_path

    return sha256(Path(voice_path(DEFAULT)))


def _with_output(network: bytes, tensor: str) -> bytes:
    """An ONNX file whose graph also returns an inner tensor.

    Protocol buffers that follow each other are merged, so appending ModelProto(graph=GraphProto(output=[tensor]))
    adds one output (fields 7, 12 and 1 in onnx.proto; every length here is below 128, one byte).
    """
    entry = tensor.encode()
    for field in (1, 12, 7):
        entry = bytes([field << 3 | 2, len(entry)]) + entry
    return network + entry


def _chunks(sentence: str) -> list[str]:
    """Pieces of at most `_LONGEST_CHUNK` phones, cut at spaces where there are any; soundless ones are left out."""
    pieces = []
    while len(sentence) > _LONGEST_CHUNK:
        cut = sentence.rfind(" ", 1, _LONGEST_CHUNK) + 1 or _LONGEST_CHUNK
        pieces.append(sentence[:cut])
        sentence = sentence[cut:]
    return [piece for piece in [*pieces, sentence] if not _PUNCTUATION.issuperset(piece)]


def _without_gaps(phones: list[Phone], end: float) -> tuple[Phone, ...]:
    """Phones with the pauses at the ends of sentences filled by spaces."""
    filled: list[Phone] = []
    clock = 0.0
    for phone in [*phones, Phone(" ", end, end)]:
        if phone.start > clock:
            filled.append(Phone(" ", clock, phone.start))
        if phone.end > phone.start:
            filled.append(phone)
        clock = phone.end
    return tuple(filled)
