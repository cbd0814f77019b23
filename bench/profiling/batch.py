"""Throughput of a generator that narrates several prompts at once, over batch sizes, until memory ends."""

from __future__ import annotations

from collections.abc import Sequence

from bench.profiling.calls import Stopwatch
from bench.profiling.memory import Peaks
from bench.profiling.single import Session
from bench.profiling.subject import Subject
from bench.profiling.timing import collect_between, garbage_kept
from bench.run.time_limit import interrupted_after
from narrator.contract import NarratesMany, Prompt
from reports.profiles import Batch

ROUNDS = 2
"""Timed batches of each size, after one that is not; the quicker counts."""


def batches(subject: Subject, session: Session) -> tuple[Batch, ...]:
    """Sizes 1, 2, 4, ... up to the number of prompts; the first size that fails is the last one, with its reason."""
    generator = subject.generator
    if not isinstance(generator, NarratesMany):
        return (Batch(generator=subject.name, size=1, missing="it has no call for several prompts, `narrate_many`"),)
    told: list[Batch] = []
    size = 1
    with garbage_kept():
        while size <= len(session.prompts) and (not told or told[-1].missing is None):
            told.append(_batch(subject, generator, session.prompts[:size]))
            size *= 2
    return tuple(told)


def _batch(subject: Subject, generator: NarratesMany, prompts: Sequence[Prompt]) -> Batch:
    best, media, peaks = float("inf"), 0.0, Peaks(subject.device)
    try:
        for turn in range(1 + ROUNDS):
            collect_between()
            watch = Stopwatch(subject.clock)
            with interrupted_after(subject.time_limit), watch:
                made = generator.narrate_many(prompts)
                frames = [sum(map(len, narration.chunks())) for narration in made]
            media = sum(count / narration.fps for count, narration in zip(frames, made, strict=True))
            if turn:
                best = min(best, watch.seconds)
            else:
                peaks = Peaks(subject.device)
    except Exception as error:  # memory that ends has a class of its own in each library
        out = isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__
        reason = "out of memory" if out else f"{type(error).__name__}: {error}"
        return Batch(generator=subject.name, size=len(prompts), missing=reason)
    return Batch(
        generator=subject.name,
        size=len(prompts),
        clips_per_second=len(prompts) / best,
        media_per_second=media / best,
        memory_mib=peaks.mib(),
    )
