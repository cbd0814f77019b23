"""The profile file: what generators cost in time, memory and work, typed, as `narrator-bench profile` writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from reports.results import ByKey, Record, ResultsError
from reports.text import visible
from reports.writing import write

SCHEMA = 1
FILE = "profile.json"
MAX_BYTES = 256 << 20


class Quantity(Record):
    """A number, or the reason why there is none."""

    value: float | None = None
    missing: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Quantity:
        if (self.value is None) == (self.missing is None):
            raise ValueError("must have a value or a reason why it is missing")
        return self


class Estimate(Record):
    """A value with its 95 % interval; no interval where there are too few samples for one."""

    value: float
    low: float | None = None
    high: float | None = None


class Percentile(Record):
    """One percentile of some samples; None where there are fewer than the `needs` that it takes."""

    percent: float
    needs: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Distribution(Record):
    """Samples in the order in which they were taken, seconds, and what is told of them."""

    samples: tuple[float, ...] = Field(min_length=1)
    mean: float
    least: float
    greatest: float
    percentiles: tuple[Percentile, ...]


class Stage(Record):
    """One stage of a generator, by the generator's own marks.

    Attributes:
        seconds: mean per clip.
        share: of the clip's seconds; stages of nested marks may add up to more than 1.
        calls: how often it is entered per clip; None where the generator does not use `StageClock`.
        memory_mib: how high memory rose during it, by place; see `bench.profiling.inspection`.
        operations: floating-point operations per clip that PyTorch's counter saw; None where none were counted.
        bytes_moved: bytes that PyTorch's operators read and wrote per clip, each tensor counted in full.
    """

    name: str
    seconds: float
    share: float
    calls: float | None = None
    memory_mib: ByKey[float] = Field(default_factory=dict)
    operations: float | None = None
    bytes_moved: float | None = None


class WarmUp(Record):
    """How a generator came to its usual speed.

    Attributes:
        build_seconds: to construct it, once its module is imported.
        cold_seconds: the first call, with all that is loaded at the first call.
        seconds: the calls after that, before the timing began.
        stable: whether the last ones agreed, see `bench.profiling.warm_up`.
        spread: of those, largest over smallest less 1.
    """

    build_seconds: float
    cold_seconds: float
    seconds: tuple[float, ...] = ()
    stable: bool
    spread: float | None = None


class OutputCheck(Record):
    """Clips of the timed run that were made again untimed, and those of them that came out otherwise."""

    compared: int
    different: tuple[str, ...] = ()


class Work(Record):
    """What is computed for one clip, and how fast; of PyTorch's operators alone.

    Attributes:
        operations: floating-point operations, two for a multiply-add.
        bytes_moved: bytes that operators read and wrote, each tensor counted in full.
        parameters: of the generator's networks, as it describes itself.
        arithmetic_share: the seconds that the operations would take at the measured rate of a matrix product of their
            type, over the clip's seconds.
        memory_share: the seconds that the bytes would take at the measured rate of a copy, over the clip's seconds;
            above 1 where caches serve them.
    """

    operations: Quantity
    bytes_moved: Quantity
    parameters: Quantity
    arithmetic_share: Quantity
    memory_share: Quantity


class Quickest(Record):
    """The least seconds that each prompt took in any round, by its key: what two profiles are compared by.

    Other processes only ever add to the seconds of the same work, so that the least of several calls at different times
    is what they disturb least.
    """

    wall: ByKey[float]
    processor: ByKey[float]


class GeneratorProfile(Record):
    """One generator in one scenario; seconds are per clip, without decoding or writing files.

    Attributes:
        prompts: asked; `distinct` of them differ in more than their seed.
        rounds: how often each was timed.
        failed: reason by the prompt's key.
        latency: seconds on the wall, of the first round alone, in which every prompt is new.
        quickest: of all rounds; a prompt that failed in any is left out.
        worked: seconds that processors computed, waiting left out.
        audio_rate, video_rate: real-time factors, seconds of computing for a second of sound or video.
        frames_per_second: frames made in a second of computing.
        first_audio, first_frame: seconds until the sound, and until the first frames, are there.
        playable: seconds to wait before the clip can be played to its end without a halt while it is made.
        memory_mib: peak after the warm-up by place; on a GPU allocated, reserved and the device's own view.
        harness_seconds: what the harness takes for itself per clip, beside and not in the seconds.
        joules: energy per clip of the whole package or GPU, all that ran on it included.
    """

    generator: str
    plugin: str
    options: dict[str, Any] = Field(default_factory=dict)
    description: dict[str, Any] = Field(default_factory=dict)
    scenario: Literal["single", "batch", "stream"]
    device: str
    prompts: int
    distinct: int
    rounds: int = 1
    failed: ByKey[str] = Field(default_factory=dict)
    keys: tuple[str, ...] = ()
    warm_up: WarmUp | None = None
    latency: Distribution | None = None
    worked: Distribution | None = None
    quickest: Quickest | None = None
    first_audio: Distribution | None = None
    first_frame: Distribution | None = None
    playable: Distribution | None = None
    audio_rate: Estimate | None = None
    video_rate: Estimate | None = None
    frames_per_second: Estimate | None = None
    stages: tuple[Stage, ...] = ()
    memory_mib: ByKey[float] = Field(default_factory=dict)
    output: OutputCheck | None = None
    work: Work | None = None
    joules: Quantity = Quantity(missing="not measured")
    harness_seconds: float | None = None
    notes: tuple[str, ...] = ()


class Comparison(Record):
    """Two generators timed in turns on the same prompts; ratios of seconds, `second` over `first`.

    Attributes:
        clock: what was compared, seconds on the wall or seconds that processors computed.
        ratio: second over first.
        control: first over first, the very same generator as a third in the turns.
        ratios, controls: of each block of calls on one prompt, round after round.
        spread: the share below which nothing is claimed.
        claim: "slower", "faster" or None.
        reason: why nothing is claimed.
    """

    first: str
    second: str
    clock: Literal["wall", "processor"]
    prompts: int
    failed: ByKey[str] = Field(default_factory=dict)
    ratio: Estimate | None = None
    control: Estimate | None = None
    ratios: tuple[float, ...] = ()
    controls: tuple[float, ...] = ()
    spread: float | None = None
    claim: Literal["slower", "faster"] | None = None
    reason: str | None = None


class Growth(Record):
    """How the seconds of a clip grow with one thing: seconds = c * x ** exponent, fitted on logarithms.

    Attributes:
        over: what was varied, a generator's option, `length` or `resolution`.
        unit: of `levels`.
        levels, seconds: one pair for each call.
        exponent: with its interval, or why there is none.
    """

    generator: str
    over: str
    unit: str
    levels: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    exponent: Estimate | None = None
    missing: str | None = None


class Batch(Record):
    """Throughput at one batch size; `missing` says why there is none."""

    generator: str
    size: int
    clips_per_second: float | None = None
    media_per_second: float | None = None
    memory_mib: ByKey[float] = Field(default_factory=dict)
    missing: str | None = None


class MetricProfile(Record):
    """What one metric costs on the same clips.

    Attributes:
        clips: on each side.
        startup: seconds until its networks are ready.
        seconds: by part, for all clips of one side: `decode` (shared by all metrics), `network` (what is computed for
            each clip), `statistics` (the score from all of them).
        clips_per_second: without startup, decoding included.
        memory_mib: peak by place.
        value: the score, or why there is none.
    """

    metric: str
    device: str
    clips: int
    startup: float
    seconds: dict[str, float] = Field(default_factory=dict)
    clips_per_second: float | None = None
    memory_mib: ByKey[float] = Field(default_factory=dict)
    value: Quantity


class Machine(Record):
    """The machine while it was timed.

    Attributes:
        load: of one minute, before and after.
        other_cores: cores that other processes kept busy, on average.
        clock_mhz: of the processor, least and mean over the samples before, between and after.
        throttled: how often the processor was slowed for heat or power.
        switches: how often this process lost its core to another.
        yardstick: seconds of the same small piece of work each time, median over the calls' pauses, by clock ("wall",
            "processor"): where it differs between two profiles the machine itself ran at another speed.
        gpu: clocks, temperature, power and reasons for slowing, before and after, as the driver tells them.
        matmul: floating-point operations per second of a matrix product, by type of number and device.
        copy_rate: bytes per second that a copy in memory reads and writes, by device.
    """

    load: tuple[float, float] | None = None
    other_cores: float | None = None
    clock_mhz: tuple[float, float] | None = None
    throttled: Quantity = Quantity(missing="not looked at")
    switches: int | None = None
    yardstick: ByKey[float] = Field(default_factory=dict)
    gpu: tuple[str, ...] = ()
    matmul: ByKey[float] = Field(default_factory=dict)
    copy_rate: ByKey[float] = Field(default_factory=dict)


class ProfileReport(Record):
    """Everything that one `narrator-bench profile` measured; what a gate may compare.

    Attributes:
        prompts: where they come from: `dataset`, `count`, `distinct`, `seed`, and `hash` of all that they hold.
        environment: as of a run, and `threads`, on how many a generator computed.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    prompts: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, Any] = Field(default_factory=dict)
    machine: Machine = Machine()
    generators: tuple[GeneratorProfile, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    growth: tuple[Growth, ...] = ()
    batches: tuple[Batch, ...] = ()
    metrics: tuple[MetricProfile, ...] = ()

    def write(self, path: Path) -> None:
        """Write the file in one step."""
        content = self.model_dump(mode="json", by_alias=True)
        write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def of_run(cls, run: Path) -> ProfileReport | None:
        """The profile in a run's folder; None where there is none.

        Raises:
            ResultsError: what lies there cannot be read.
        """
        return cls.read(run / FILE) if os.path.lexists(run / FILE) else None

    @classmethod
    def read(cls, path: Path) -> ProfileReport:
        """Read a profile file.

        Raises:
            ResultsError: no such file, or no profile of this schema.
        """
        try:
            if path.exists() and not path.is_file():
                raise ResultsError(f"Cannot read the profile {path}: it is no regular file.")
            if path.stat().st_size > MAX_BYTES:
                raise ResultsError(f"Cannot read the profile {path}: it is larger than {MAX_BYTES >> 20} MiB.")
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ResultsError(f"Cannot read the profile {path}: {error.strerror or error}.") from error
        except ValidationError as error:
            problem = error.errors()[0]
            place = visible(".".join(str(part) for part in problem["loc"]))[:200]
            raise ResultsError(f"{path} is not a profile file: {place}: {visible(problem['msg'])}.") from error
