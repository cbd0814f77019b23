"""Whether a generated clip speaks in the voice that was asked for: speaker similarity and pitch.

Both hold the generated speech against the voice profile where it is known, else against the reference clip's sound.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
import pyworld
import torch
from numpy.typing import NDArray

from metrics.audio.embeddings.embedding import Embedding
from metrics.audio.embeddings.ge2e import GE2E
from metrics.audio.waveform import Waveform, WaveformObserver, checked, resampled
from metrics.base.asked import Asked, Need
from metrics.base.metric import Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range

NO_VOICE = "there is neither a voice profile nor a reference with sound to compare with"
_PITCH_RATE = 16000
_FEWEST_VOICED = 0.1
"""Seconds of voiced speech that have a median worth the name."""


@dataclass(frozen=True)
class SpeakerSimilarityConfig(Configuration):
    """One convention.

    Attributes:
        embedding: what turns speech into vectors whose directions tell speakers apart.
    """

    embedding: Embedding = field(default_factory=GE2E)


@dataclass(frozen=True)
class PitchConfig(Configuration):
    """One convention.

    Attributes:
        lowest, highest: fundamental frequencies in Hz between which pitch is looked for.
        period: milliseconds between two looks.
    """

    lowest: Annotated[float, Range(20, 1000)] = 60.0
    highest: Annotated[float, Range(50, 4000)] = 500.0
    period: Annotated[float, Range(1, 50)] = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lowest >= self.highest:
            raise ValueError(f"lowest must be below highest, got {self.lowest} and {self.highest}.")


class VoiceMetric(PairedMetric):
    """Holds a feature of the generated voice against that of the voice profile, else of the reference."""

    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    needs: ClassVar[frozenset[Need]] = frozenset({"voice"})
    reference_free: ClassVar[bool] = True

    def observe(self) -> WaveformObserver:
        return WaveformObserver(lambda waveform, rate: {"voice": self._voice(waveform, rate)})

    def asked(self, prompt: Asked) -> Statistics:
        """The voice profile's feature under "profile", where there is a profile."""
        prompt.require_usable("voice")
        return {} if prompt.voice is None else {"profile": self._voice(prompt.voice, prompt.voice_rate)}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """How like each other the two voices are, under "value"."""
        wanted = reference.get("profile", reference.get("voice"))
        if wanted is None:
            raise Unmeasurable(NO_VOICE)
        return {"value": np.array(self._likeness(wanted, generated["voice"]))}

    @abstractmethod
    def _voice(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float64]:
        """The feature of a waveform float32 [S]."""

    @abstractmethod
    def _likeness(self, wanted: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
        """The score of two voices' features."""


class SpeakerSimilarity(VoiceMetric):
    """Cosine of the speaker embeddings of the generated speech and of the voice profile, -1 to 1, higher is better.

    Per clip: "voice" float64 [256], the direction of the mean of the embeddings of all 1.6 s, which is Resemblyzer's
    embedding of an utterance. Same voices lie about 0.8 to 0.95, others about 0.5 to 0.7.

    Args:
        name: "voice-similarity", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title = "voice-similarity", "Voice similarity"
    higher_is_better = True
    limits: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    statistics_kind = "voice"
    longest_sound = 3600.0
    conventions: ClassVar[Mapping[str, Any]] = {"voice-similarity": SpeakerSimilarityConfig()}

    @property
    def weights(self) -> tuple[str, ...]:
        return tuple(self.config.embedding.weights)

    def prepare(self) -> None:
        super().prepare()
        self.config.embedding.prepare()

    def _voice(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float64]:
        vectors = self.config.embedding.vectors(waveform, sample_rate, torch.device(self.device))
        mean = np.asarray(vectors, np.float64).mean(axis=0)
        length = float(np.linalg.norm(mean))
        if not length:
            raise Unmeasurable("the speaker embedding of the audio is zero")
        return np.asarray(mean / length)

    def _likeness(self, wanted: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
        return float(np.clip(wanted @ heard, -1, 1))


class PitchDistance(VoiceMetric):
    """How far the median pitch of the generated speech is from that of the voice profile, in semitones, at least 0.

    Per clip: "voice" float64 [1], the median over voiced frames of log2 of the fundamental frequency in Hz, by WORLD's
    DIO and StoneMask (Morise 2009, 2010; `pyworld`). Lower is better.

    Args:
        name: "pitch", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title, unit = "pitch", "Pitch", "semitones"
    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    statistics_kind = "pitch"
    longest_sound = 3600.0
    conventions: ClassVar[Mapping[str, Any]] = {"pitch": PitchConfig()}

    def _voice(self, waveform: Waveform, sample_rate: int) -> NDArray[np.float64]:
        config = self.config
        signal = resampled(checked(waveform, sample_rate, 0.2), sample_rate, _PITCH_RATE).astype(np.float64)
        rough, times = pyworld.dio(signal, _PITCH_RATE, config.lowest, config.highest, frame_period=config.period)
        found = pyworld.stonemask(signal, rough, times, _PITCH_RATE)
        voiced = found[found > 0]
        if len(voiced) * config.period / 1000 < _FEWEST_VOICED:
            raise Unmeasurable(f"less than {_FEWEST_VOICED} s of the audio have a pitch")
        return np.array([np.median(np.log2(voiced))])

    def _likeness(self, wanted: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
        return 12 * float(np.abs(wanted[0] - heard[0]))
