"""What a speaker says and how it sounds: a sentence of the bundled list in the speaker's own voice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import soxr
from numpy.typing import NDArray

from baselines.speech import NeuralSpeech, Phone
from baselines.voice import active_rms, shift_voice
from bench.synthetic.flavours import FPS
from bench.synthetic.identity import Identity

SYNTHESISER_PITCH = 184.0
"""Median fundamental frequency of the unchanged voice, Hz."""

LEAD, TAIL, SHORTEST = 0.24, 0.28, 3.0
"""Seconds of silence before and after the words, and the shortest clip."""

LOUDNESS, ROOM_TONE = 0.07, 0.0004
"""Root mean square of the speech and of the noise that is always there."""


@dataclass(frozen=True, eq=False)
class Spoken:
    """The soundtrack of one clip.

    Attributes:
        waveform: float32 [S], mono, a whole number of frames long.
        sample_rate: Hz.
        phones: what is sounding when, in seconds of the waveform.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    phones: tuple[Phone, ...]

    @property
    def frames(self) -> int:
        """Number of video frames that the soundtrack lasts."""
        return round(len(self.waveform) / self.sample_rate * FPS)


@lru_cache(maxsize=1)
def sentences() -> tuple[str, ...]:
    """The bundled sentences, written for this corpus."""
    text = files("bench.synthetic").joinpath("sentences.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


@lru_cache(maxsize=1)
def _synthesiser() -> NeuralSpeech:
    return NeuralSpeech()


def speak(text: str, identity: Identity, sample_rate: int, seed: int) -> Spoken:
    """Speak `text` in the voice of `identity`, with a little silence around it. Equal arguments give equal samples."""
    synthesiser = _synthesiser()
    utterance = synthesiser.utter(text, seed)
    rate = synthesiser.sample_rate
    voice = shift_voice(utterance.waveform, rate, identity.pitch / SYNTHESISER_PITCH, identity.formants)
    voice = voice * np.float32(LOUDNESS / active_rms(voice, rate))
    seconds = max(SHORTEST, np.ceil((LEAD + len(voice) / rate + TAIL) * FPS) / FPS)
    lead = round(LEAD * rate)
    room = ROOM_TONE * np.random.default_rng([seed, 0x40]).standard_normal(round(seconds * rate))
    room[lead : lead + len(voice)] += voice
    waveform = soxr.resample(room.astype(np.float32), rate, sample_rate, quality="VHQ")
    phones = tuple(Phone(phone.symbol, phone.start + LEAD, phone.end + LEAD) for phone in utterance.phones)
    return Spoken(np.clip(waveform[: round(seconds * sample_rate)], -1, 1).astype(np.float32), sample_rate, phones)
