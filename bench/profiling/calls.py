"""One call of a generator through its contract, timed; what its clip is written to is not in the time."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bench import fingerprint
from bench.media.clip import UnreadableClip, probe
from bench.profiling.timing import DeviceClock
from bench.run.generate import FAULTS_OF_THE_DISK
from bench.run.time_limit import interrupted_after
from metrics.weights import WeightsMissing
from narrator.contract import FinishedClip, GenerationFailed, Generator, Narration, Prompt


@dataclass(frozen=True)
class Call:
    """What one call took and made.

    Attributes:
        key: of the prompt.
        seconds: from the prompt to the last frame, without whatever the caller does between two chunks of frames.
        worked: seconds that processors computed for it meanwhile.
        first_audio, first_frame: until the sound, and the first frames, were there.
        playable: the least seconds to wait, before the clip can be played without a halt while the rest is made.
        audio_seconds, video_seconds, frames: what was made.
        height, width: of the frames.
        stages: seconds by the generator's own marks.
        digest: hash of all that was made; "" where it was not asked for.
        error: why there is nothing; None if there is.
    """

    key: str
    seconds: float = 0.0
    worked: float = 0.0
    first_audio: float = 0.0
    first_frame: float = 0.0
    playable: float = 0.0
    audio_seconds: float = 0.0
    video_seconds: float = 0.0
    frames: int = 0
    height: int = 0
    width: int = 0
    stages: Mapping[str, float] = field(default_factory=dict)
    digest: str = ""
    error: str | None = None


def timed_call(
    generator: Generator,
    prompt: Prompt,
    clock: DeviceClock,
    *,
    digest: bool = False,
    time_limit: float | None = None,
) -> Call:
    """Narrate one prompt and read the time; a failure of the generator is a call with its reason.

    Args:
        digest: hash what is made, between the measured stretches.
        time_limit: seconds after which the generator is interrupted; None waits for ever.
    """
    try:
        with interrupted_after(time_limit):
            watch = Stopwatch(clock)
            with watch:
                made = generator(prompt)
            if isinstance(made, Narration):
                return _drawn(made, prompt.key, watch, digest)
        return _finished(made, prompt.key, watch, digest)
    except (GenerationFailed, UnreadableClip, WeightsMissing) as reason:
        return Call(prompt.key, error=str(reason))
    except Exception as error:  # a plug-in may raise anything
        if isinstance(error, OSError) and error.errno in FAULTS_OF_THE_DISK:
            raise
        return Call(prompt.key, error=f"{type(error).__name__}: {error}")


class Stopwatch:
    """Adds up the time spent in its `with` blocks, on the wall and of the processors."""

    def __init__(self, clock: DeviceClock) -> None:
        self._clock = clock
        self.seconds = self.worked = 0.0

    def __enter__(self) -> None:
        self._start = self._clock.read()

    def __exit__(self, *_: object) -> None:
        seconds, worked = self._clock.read()
        self.seconds += seconds - self._start[0]
        self.worked += worked - self._start[1]


def _drawn(narration: Narration, key: str, watch: Stopwatch, digest: bool) -> Call:
    """The narration with its frames drawn, chunk by chunk."""
    spoken = watch.seconds
    hashed = hashlib.sha256(_bytes(narration.waveform) if digest else b"")
    first_frame: float | None = None
    playable, frames, size = spoken, 0, (0, 0)
    chunks = narration.chunks()
    while True:
        with watch:
            chunk = next(chunks, None)
        if chunk is None:
            break
        if first_frame is None:
            first_frame, size = watch.seconds, (chunk.shape[1], chunk.shape[2])
        playable = max(
            playable, watch.seconds - frames / narration.fps
        )  # its first frame is due `frames / fps` after play
        frames += len(chunk)
        if digest:
            hashed.update(_bytes(chunk))
    return Call(
        key,
        watch.seconds,
        watch.worked,
        first_audio=spoken,
        first_frame=watch.seconds if first_frame is None else first_frame,
        playable=playable,
        audio_seconds=len(narration.waveform) / narration.sample_rate,
        video_seconds=frames / narration.fps,
        frames=frames,
        height=size[0],
        width=size[1],
        stages=dict(narration.seconds),
        digest=hashed.hexdigest()[:32] if digest else "",
    )


def _finished(clip: FinishedClip, key: str, watch: Stopwatch, digest: bool) -> Call:
    """A clip that stands in a file is there all at once."""
    try:
        info = probe(clip.path)
        hashes = [fingerprint.of_file(file) for file in clip.files()] if digest else []
    finally:
        if clip.temporary:
            shutil.rmtree(clip.temporary, ignore_errors=True)
    return Call(
        key,
        watch.seconds,
        watch.worked,
        first_audio=watch.seconds,
        first_frame=watch.seconds,
        playable=watch.seconds,
        audio_seconds=info.duration,
        video_seconds=info.duration,
        frames=info.frames,
        height=info.height,
        width=info.width,
        stages=dict(clip.seconds),
        digest="-".join(hashes),
    )


def _bytes(array: np.ndarray) -> bytes:  # type: ignore[type-arg]
    return np.ascontiguousarray(array).tobytes()
