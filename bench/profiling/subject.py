"""A generator to be profiled: built, told its device, and called through the contract."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import plugins
from bench.choice import Choice
from bench.errors import UserMistake
from bench.options import options_of
from bench.profiling.calls import Call, timed_call
from bench.profiling.timing import DeviceClock
from narrator.contract import Generator, Prompt, SeesDataset


@dataclass(frozen=True, eq=False)
class Subject:
    """A generator with what its calls need.

    Attributes:
        choice: as it was named.
        generator: built.
        build_seconds: to construct it, once its module is imported; what is heavy is loaded at the first prompt.
        device: where it computes, as its clock and its memory are read.
        time_limit: seconds for one clip; None waits for ever.
        clock: how the time is read.
    """

    choice: Choice
    generator: Generator
    build_seconds: float = 0.0
    device: str = "cpu"
    time_limit: float | None = None
    clock: DeviceClock = field(default_factory=DeviceClock)

    @property
    def name(self) -> str:
        """The label."""
        return self.choice.name

    def call(self, prompt: Prompt, *, digest: bool = False) -> Call:
        """One timed call."""
        return timed_call(self.generator, prompt, self.clock, digest=digest, time_limit=self.time_limit)

    def untimed(self, prompt: Prompt) -> Call:
        """One call with nothing that reads the time or waits for the device; with the hash of what it made."""
        return timed_call(
            self.generator, prompt, DeviceClock(now=float, worked=float), digest=True, time_limit=self.time_limit
        )


def subject(choice: Choice, folder: Path, device: str, time_limit: float | None) -> Subject:
    """Build a generator for profiling.

    Args:
        choice: the generator.
        folder: where its relative paths start.
        device: "" for the generator's own default.
        time_limit: seconds for one clip.

    Raises:
        UserMistake: it cannot be built, has no say in its device, or only hands over clips of a dataset.
    """
    if device:
        takes = options_of(plugins.find("generator", choice.plugin)).types
        if "device" in takes:
            choice = choice.model_copy(update={"options": {**choice.options, "device": device}})
        elif device != "cpu":
            raise UserMistake(f"The generator '{choice.name}' has no option 'device' to run on {device}: leave it out.")
    start = time.perf_counter()
    generator = plugins.build_generator(choice, folder)
    seconds = time.perf_counter() - start
    if isinstance(generator, SeesDataset):
        raise UserMistake(f"The generator '{choice.name}' hands over clips of a dataset: it computes nothing to time.")
    where = str(choice.options.get("device", "cpu"))
    return Subject(choice, generator, seconds, where, time_limit, DeviceClock(where))
