"""Whether the words of the prompt are said: word and character error rate of what a recogniser hears.

Edits are counted by `jiwer`, of texts normalised as Whisper's authors do before they count (Radford et al. 2022,
appendix C; `transformers` has their code): case, punctuation, fillers, contractions, numbers and British spellings make
no difference.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from metrics.audio.recognition import SAMPLE_RATE, Recogniser, recogniser
from metrics.audio.waveform import Waveform, WaveformObserver, checked, resampled
from metrics.base.asked import Asked, Need
from metrics.base.metric import Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration
from metrics.base.score import Score
from metrics.base.signature import reduction_field
from metrics.base.signature import signature as signature_of
from metrics.base.signature import statistics_id as statistics_id_of
from metrics.weights import fetch

NO_TEXT = "nobody says what words were asked for: put NAME.txt beside the real or the generated clip NAME.mp4"
SHORTEST = 0.1
"""Seconds."""
_SPELLINGS = "english-spellings"


@dataclass(frozen=True)
class WordErrorConfig(Configuration):
    """One convention.

    Attributes:
        unit: what an edit inserts, deletes or replaces: a "word", or a "character", blanks included.
        normalisation: of both texts: "english" as Whisper's, or "basic", which takes case, punctuation and diacritics
            away, for other languages.
        recogniser: what writes down the generated speech, see `metrics.audio.recognition`.
        language: that is spoken, by its code.
        model: of the recogniser, where it has a choice; "" for its own.
    """

    unit: Literal["word", "character"] = reduction_field("word")
    normalisation: Literal["english", "basic"] = reduction_field("english")
    recogniser: str = "whisper-base"
    language: str = "en"
    model: str = ""


class WordError(PairedMetric):
    """Edits that make the words heard of the words asked for, over the number of the latter; lower is better.

    Per clip: "heard", the words as the recogniser spells them. The score is the mean over clips; the rate over all
    words of all clips, which some papers print, is in its details. 1 is reached without a word, and can be exceeded.

    The signature names the recogniser's program, version and weights, for numbers of two recognisers do not compare.

    Args:
        name: "wer", "cer", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        ValueError: no recogniser is called so, or it refuses language or model.
    """

    name, title = "wer", "WER"
    higher_is_better = False
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    needs: ClassVar[frozenset[Need]] = frozenset({"text"})
    reference_free: ClassVar[bool] = True
    statistics_kind = "heard"
    conventions: ClassVar[Mapping[str, Any]] = {
        "wer": WordErrorConfig(),
        "cer": WordErrorConfig(unit="character"),
    }

    def __init__(self, name: str | None = None, config: Any = None, **options: Any) -> None:
        super().__init__(name, config, **options)
        _recogniser(self.config)  # an unknown one is a mistake of whoever configures it

    @property
    def weights(self) -> tuple[str, ...]:
        spellings = (_SPELLINGS,) if self.config.normalisation == "english" else ()
        return (*spellings, *getattr(_recogniser(self.config), "weights", ()))

    def prepare(self) -> None:
        super().prepare()
        _recogniser(self.config).engine()

    @property
    def signature(self) -> str:
        return signature_of(self.name, self._signed, self._weight_hashes())

    @property
    def statistics_id(self) -> str:
        return statistics_id_of(self.statistics_kind, self._signed, self._weight_hashes(), __name__)

    @property
    def _signed(self) -> WordErrorConfig:
        """The configuration with the recogniser's program and version in place of its name."""
        config: WordErrorConfig = self.config
        return replace(config, recogniser=f"{config.recogniser}: {_recogniser(config).engine()}")

    def observe(self) -> WaveformObserver:
        return WaveformObserver(self._measure)

    def _measure(self, waveform: Waveform, sample_rate: int) -> Statistics:
        speech = resampled(checked(waveform, sample_rate, SHORTEST), sample_rate, SAMPLE_RATE)
        return {"heard": np.array(_recogniser(self.config).transcribe(speech))}

    def asked(self, prompt: Asked) -> Statistics:
        """The prompt's words under "text"."""
        prompt.require_usable("text")
        if prompt.text is None:
            raise Unmeasurable(NO_TEXT)
        return {"text": np.array(prompt.text)}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The pair's rate under "value", with "edits" and the "length" of the text asked for, in the unit."""
        if "text" not in reference:
            raise Unmeasurable(NO_TEXT)
        normalised = _normaliser(self.config.normalisation)
        text, heard = (" ".join(normalised(str(side)).split()) for side in (reference["text"], generated["heard"]))
        if not text:
            raise Unmeasurable("the text that was asked for has no words")
        edits, length = word_edits(text, heard, self.config.unit)
        return {"value": np.array(edits / length), "edits": np.array(edits), "length": np.array(length)}

    def score(self, pairs: Mapping[str, Statistics], failed: Mapping[str, str] | None = None) -> Score:
        """The mean over pairs; the rate over all words or characters is in the details."""
        score = super().score(pairs, failed)
        edits, length = (sum(int(pairs[key][name]) for key in pairs) for name in ("edits", "length"))
        return replace(score, details={**score.details, "over_all_texts": edits / length}) if pairs else score


def word_edits(text: str, heard: str, unit: Literal["word", "character"]) -> tuple[int, int]:
    """Insertions, deletions and substitutions that make `heard` of `text`, and the length of `text`, in words or
    characters; `text` has one at the least."""
    import jiwer

    counted = (jiwer.process_words if unit == "word" else jiwer.process_characters)(text, heard)
    edits = counted.insertions + counted.deletions + counted.substitutions
    return edits, counted.hits + counted.deletions + counted.substitutions


@functools.lru_cache(maxsize=4)
def _made(name: str, language: str, model: str) -> Recogniser:
    options = {key: value for key, value in (("language", language), ("model", model)) if value not in ("", "en")}
    try:
        return recogniser(name, **options)
    except TypeError as error:
        raise ValueError(f"recogniser {name!r} takes no {' or '.join(options) or 'such options'} ({error})") from error


def _recogniser(config: WordErrorConfig) -> Recogniser:
    """One recogniser per process and configuration."""
    return _made(config.recogniser, config.language, config.model)


@functools.lru_cache(maxsize=2)
def _normaliser(normalisation: Literal["english", "basic"]) -> Callable[[str], str]:
    # not imported with the module: transformers takes seconds
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer, EnglishTextNormalizer

    if normalisation == "basic":
        return BasicTextNormalizer(remove_diacritics=True)  # type: ignore[no-any-return]
    return EnglishTextNormalizer(json.loads(fetch(_SPELLINGS).read_bytes()))  # type: ignore[no-any-return]
