"""The contract between generators and the harness: a prompt goes in, a narration comes out.

Light to import (NumPy only), because every generator, also a stranger's, needs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice profile: mono speech of the person to imitate.

    Attributes:
        waveform: float32 [S], -1..1.
        sample_rate: Hz.
    """

    waveform: NDArray[np.float32]
    sample_rate: int


@dataclass(frozen=True, eq=False)
class Prompt:
    """What a generator is asked to narrate.

    Attributes:
        key: name of the sample, unique within its dataset.
        text: the words to be spoken.
        image: the driving image, uint8 [H, W, 3], RGB.
        voice: the voice profile.
        seed: fixes everything random about this one narration.
        name: the clip's own file name without suffix, as its dataset has it; equals the key where that is already safe
            as a file name. Empty if there is no such file. It changes nothing about what is narrated.
    """

    key: str
    text: str
    image: NDArray[np.uint8]
    voice: Voice
    seed: int
    name: str = ""


@dataclass(eq=False)
class Narration:
    """Generated speech and video.

    Attributes:
        frames: uint8 [T, H, W, 3] RGB, or an iterable of uint8 [t, H, W, 3] chunks, for clips too long for memory.
        fps: frames per second.
        waveform: float32 [S], mono, -1..1.
        sample_rate: Hz.
        seconds: wall seconds per stage; complete once `frames` has been read to its end.
    """

    frames: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]
    fps: float
    waveform: NDArray[np.float32]
    sample_rate: int
    seconds: Mapping[str, float] = field(default_factory=dict)

    def chunks(self) -> Iterator[NDArray[np.uint8]]:
        """The frames as a stream of uint8 [t, H, W, 3] chunks, whichever form they were given in."""
        if isinstance(self.frames, np.ndarray):
            yield self.frames
        else:
            yield from self.frames


@dataclass(frozen=True)
class FinishedClip:
    """A narration that already stands in a media file (a folder of clips, another program's output).

    Attributes:
        path: the clip: a media file or, with a `rate`, a folder of numbered pictures.
        audio: its sound, where that is not the clip's own.
        seconds: wall seconds per stage, if it was made now.
        temporary: a folder that the harness removes once it has stored the clip, or has failed to.
        rate: frames per second of a folder of pictures.
    """

    path: Path
    audio: Path | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    temporary: Path | None = None
    rate: float | None = None

    def files(self) -> list[Path]:
        """All files that the clip consists of: its own, and that of its sound (`audio`, else a WAV of its name)."""
        if self.rate is not None:
            pictures = sorted(path for path in self.path.iterdir() if path.is_file())
            return pictures + ([self.audio] if self.audio else [])
        sound = self.audio or self.path.with_suffix(".wav")
        return [self.path, sound] if sound != self.path and (self.audio or sound.is_file()) else [self.path]


@dataclass(frozen=True)
class ReferenceClip:
    """What the harness tells `for_dataset` of one clip of the dataset.

    Attributes:
        key: name of the clip, unique within its dataset.
        path: its file.
        speaker: who speaks, None if unknown.
        audio: its sound, where that lies in a file of its own.
        prompted: whether a prompt asks for this clip; the others are usable clips that take no part.
        rate: frames per second, where the clip is a folder of numbered pictures.
    """

    key: str
    path: Path
    speaker: str | None
    audio: Path | None = None
    prompted: bool = True
    rate: float | None = None


class GenerationFailed(RuntimeError):
    """One prompt could not be narrated; the message is the reason that the results will carry."""


@runtime_checkable
class Generator(Protocol):
    """Any callable from prompt to narration that has a name and can describe itself.

    Optional, looked up by the harness where present:

    * `weights`: class attribute, names of weight files the generator needs. The harness fetches and verifies them
      and passes `weight_paths: Mapping[str, Path]` to the constructor.
    * `study_folder`: parameter of the constructor. The harness fills it with the folder that the study file lies in,
      from which relative paths among the options count.
    * `for_dataset(clips)`: see `SeesDataset`; `ceiling` and `chance` need to see the dataset's clips.
    * `identity()`: see `Identified`; saves loading what is heavy where nothing is left to be made.
    * `inputs(prompt)`: see `ReadsFiles`; whoever hands over files, or runs them, has it.
    * `narrate_many(prompts)`: see `NarratesMany`; for throughput where one prompt does not fill the machine.

    The constructor checks every option, raising `ValueError` or `TypeError` with one sentence, and loads nothing heavy:
    the harness builds each generator once before any work. What is heavy is loaded at the first prompt.
    """

    name: str

    def __call__(self, prompt: Prompt) -> Narration | FinishedClip:
        """Narrate one prompt; raise `GenerationFailed` with a reason if that cannot be done."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Parameters, checkpoint hash, configuration: JSON values that go into the results.

        A key "untrained" that lists parts whose weights were never learnt keeps the generator from being marked best.
        """
        ...


@runtime_checkable
class Identified(Protocol):
    """A generator that can say what its narrations depend on before it has loaded what makes them.

    `identity` gives JSON values; generators of the same code with equal ones narrate a prompt equally. The harness asks
    for it, instead of `describe`, whether a clip is made already, so that a finished run loads no network.
    """

    def identity(self) -> Mapping[str, Any]: ...


@runtime_checkable
class SeesDataset(Protocol):
    """A generator that must know the dataset's clips before it can answer prompts."""

    def for_dataset(self, clips: Sequence[ReferenceClip]) -> Generator: ...


@runtime_checkable
class ReadsFiles(Protocol):
    """A generator whose narrations depend on files beside the prompt and beside what `describe` hashes.

    `inputs` names them, always in the same order; the harness hashes their content, so that a changed file is a new
    narration. It raises `GenerationFailed` where the prompt would fail because such a file is missing.
    """

    def inputs(self, prompt: Prompt) -> Sequence[Path]: ...


@runtime_checkable
class NarratesMany(Protocol):
    """A generator that can narrate several prompts at once, faster than one after another.

    The narrations are those of the prompts, in their order; frames may come as iterators that are drawn in turn. Raises
    `GenerationFailed` where any of the prompts cannot be narrated.
    """

    def narrate_many(self, prompts: Sequence[Prompt]) -> Sequence[Narration]: ...


StageWatcher = Callable[[str], AbstractContextManager[object]]
"""Called with a stage's name whenever one begins; what it returns surrounds the stage."""

_watchers: list[StageWatcher] = []


@contextmanager
def watched_stages(watcher: StageWatcher) -> Iterator[None]:
    """Let `watcher` surround every stage that any `StageClock` times inside the block.

    So a profiler counts calls, memory and operations by stage without a word of the generator. What the watcher itself
    takes is not in the stage's seconds.
    """
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


class StageClock:
    """Wall seconds per named stage of one narration.

    Stages that are entered several times add up. On a GPU pass `synchronize` (for instance `torch.cuda.synchronize`),
    otherwise a stage would only measure the launch of its kernels.
    """

    def __init__(self, synchronize: Any = None) -> None:
        self.seconds: dict[str, float] = {}
        self._synchronize = synchronize or (lambda: None)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent in the `with` block to the stage `name`."""
        self._synchronize()
        with ExitStack() as watched:
            for watcher in _watchers:
                watched.enter_context(watcher(name))
            start = time.perf_counter()
            try:
                yield
            finally:
                self._synchronize()
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
