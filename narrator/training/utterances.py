"""Training clips as sound and words: a folder with KEY.wav, KEY.txt and a manifest that says who speaks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.io import wavfile
from torch import Tensor

from narrator.speech.resample import resample
from narrator.training.errors import TrainingError

MANIFEST = "manifest.json"

_BEFORE, _AFTER = 0.1, 0.2
"""Seconds that are kept around what can be heard."""

_AUDIBLE = 0.03
"""Share of the loudest hundredth of a second, as root mean square, that can be heard."""


@dataclass(frozen=True)
class Utterance:
    """One clip.

    Attributes:
        key: its name in the folder.
        speaker: who speaks.
        text: what is said.
        path: of the WAV file.
        pictures: whether a video belongs to it; clips of sound alone teach speech.
    """

    key: str
    speaker: str
    text: str
    path: Path
    pictures: bool = True

    def waveform(self, sample_rate: int) -> Tensor:
        """The sound, float32 [S] in -1..1, mono, at a rate in Hz."""
        try:
            rate, samples = wavfile.read(self.path)
        except Exception as error:  # of a damaged file scipy raises many kinds
            raise TrainingError(f"The clip {self.path} cannot be read ({error}); make the data again.") from error
        if np.issubdtype(samples.dtype, np.integer):
            samples = samples / np.float32(-float(np.iinfo(samples.dtype).min))
        mono = samples.astype(np.float32).reshape(len(samples), -1).mean(1)
        return resample(torch.from_numpy(mono), rate, sample_rate)

    def speech(self, sample_rate: int) -> Tensor:
        """The sound from shortly before to shortly after what can be heard, so that every utterance ends alike."""
        return self.heard(sample_rate)[0]

    def heard(self, sample_rate: int) -> tuple[Tensor, float]:
        """`speech`, and at how many seconds of the clip it begins."""
        sound = self.waveform(sample_rate)
        step = sample_rate // 100
        levels = sound[: len(sound) // step * step].reshape(-1, step).square().mean(1).sqrt()
        heard = (levels > _AUDIBLE * levels.max()).nonzero().flatten() if len(levels) else levels
        if not len(heard):
            raise TrainingError(f"The clip {self.path} is silent; take it out of the manifest.")
        first = max(0, int(heard[0]) * step - round(_BEFORE * sample_rate))
        last = int(heard[-1] + 1) * step + round(_AFTER * sample_rate)
        return sound[first:last], first / sample_rate


def read_utterances(folder: Path) -> tuple[Utterance, ...]:
    """The clips of a folder, in the order of their keys.

    `manifest.json` holds `clips`, each with `key`, `speaker` and, where there is no video, `pictures: false`; the words
    are in KEY.txt.

    Raises:
        TrainingError: the folder or its manifest is missing or damaged, or it has no clips with sound and words.
    """
    path = folder / MANIFEST
    try:
        clips = json.loads(path.read_text("utf-8"))["clips"]
        named = sorted((str(clip["key"]), str(clip["speaker"]), clip.get("pictures", True) is True) for clip in clips)
    except OSError as error:
        raise TrainingError(
            f"The data folder {folder} has no {MANIFEST} that can be read ({error.strerror}); name a folder of training"
            " clips."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"The manifest {path} is damaged ({error!r}); make the data again.") from error
    found = tuple(
        Utterance(key, speaker, _text(folder / f"{key}.txt"), folder / f"{key}.wav", pictures)
        for key, speaker, pictures in named
    )
    if not found:
        raise TrainingError(f"The data folder {folder} holds no clips; make the data again.")
    return found


def by_speaker(utterances: Sequence[Utterance]) -> list[list[int]]:
    """For each utterance the places of all utterances of its speaker, itself last, so that others come first."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, utterance in enumerate(utterances):
        places[utterance.speaker].append(place)
    return [[*(other for other in places[one.speaker] if other != here), here] for here, one in enumerate(utterances)]


def read_phones(utterance: Utterance) -> list[tuple[str, float, float]] | None:
    """The phones of a clip, each with start and end in seconds, from KEY.phones.json; None where there is no such file.

    Raises:
        TrainingError: it is damaged.
    """
    path = utterance.path.with_suffix(".phones.json")
    if not path.exists():
        return None
    try:
        return [(str(symbol), float(start), float(end)) for symbol, start, end in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(
            f"The phones of a clip, {path}, cannot be read ({error}); expected a list of [phone, start, end]."
        ) from error


class Ragged:
    """Arrays of different lengths in one file, read from disk as they are needed.

    Args:
        path: a `.npy` file; the first places of the arrays are in a second one beside it.
    """

    def __init__(self, path: Path) -> None:
        self._values: NDArray[Any] = np.load(path, mmap_mode="r")
        self._starts: NDArray[np.int64] = np.load(_starts(path))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, place: int) -> NDArray[Any]:
        """The array at a place, [n, ...]."""
        return self._values[self._starts[place] : self._starts[place + 1]]

    def rows(self) -> NDArray[Any]:
        """All arrays, one after another."""
        return self._values

    @classmethod
    def cached(cls, path: Path, arrays: Iterable[NDArray[Any]]) -> Ragged:
        """What lies at `path`, else `arrays` written there; they are not computed where the file is whole."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            listed = list(arrays)
            starts = np.cumsum([0, *map(len, listed)], dtype=np.int64)
            np.save(_starts(path), starts)
            partial = path.with_name(f".{path.name}")
            np.save(partial, np.concatenate(listed))
            partial.replace(path)  # last: its presence says that both are whole
        return cls(path)


def _starts(path: Path) -> Path:
    return path.with_suffix(".starts.npy")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"The words of a clip, {path}, cannot be read ({error}); make the data again.") from error
