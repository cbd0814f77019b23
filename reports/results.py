"""The results files: everything that reports may know of a run, typed, written with stable bytes.

`results.json` and, clip by clip, `clip_scores.json` are equal for equal input, whatever happened on the way; of very
many clips the rows are in `clips.jsonl`, see `reports.rows`. What differs each time (seconds and memory in
`costs.json`, the machine in `environment.json`, and the profile of a run that asks for one in `profile.json`, see
`reports.profiles`) lies beside them.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reports import rows
from reports.contradictions import contradiction_of
from reports.text import visible
from reports.writing import write

SCHEMA = 3
APART = 4
"""Schema of results whose clips are in a file of their own; equal to `SCHEMA` but for that."""
MAX_BYTES = 512 << 20
BOUNDS = ("ceiling", "chance")
COSTS, ENVIRONMENT, SCORES = "costs.json", "environment.json", "clip_scores.json"

Value = TypeVar("Value")
ByKey = Annotated[dict[str, Value], AfterValidator(lambda mapping: dict(sorted(mapping.items())))]
"""A mapping whose order says nothing, kept sorted so that equal results are equal bytes."""


class ResultsError(ValueError):
    """A results file cannot be used; the message is one sentence."""


class Record(BaseModel):
    """A part of the results file; unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Metric(Record):
    """A column: its heading, the better direction and its unit ("" where dimensionless).

    `aligned` says that its values mean something only for clips that follow their references in time.
    """

    title: str
    direction: Literal["lower", "higher"]
    unit: str = ""
    aligned: bool = False


class SweepPoint(Record):
    """The sweep that a generator belongs to and its checkpoint's step; the family names a file."""

    family: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}$")
    step: int = Field(ge=0, lt=2**63)


class StressPoint(Record):
    """The damaged prompts that a variant of the generator `family` was given; `strength` None where there is one only.

    `scale` and `unit` say what a strength counts, `part` which part of the prompt is damaged.
    """

    family: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}$")
    damage: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    part: Literal["voice", "image", "text"]
    scale: str = ""
    unit: str = ""
    strength: float | None = None


class Best(Record):
    """Which checkpoint of a sweep is best: by one metric, on one dataset or by the mean over all."""

    metric: str
    dataset: str | None = None


class Study(Record):
    """What was asked for; the orders are the tables' orders.

    `plugins` names the plug-in behind a generator's label where the two differ, `sweep` where the generators that are
    checkpoints of one another stand, `best` the rule that chooses among them; `untrained` are the generators that say
    of themselves that weights of theirs were never learnt. `stress` names the generators that are others given damaged
    prompts.
    """

    name: str
    seed: int
    datasets: tuple[str, ...]
    generators: tuple[str, ...]
    metrics: dict[str, Metric]
    plugins: ByKey[str] = Field(default_factory=dict)
    sweep: ByKey[SweepPoint] = Field(default_factory=dict)
    best: Best | None = None
    untrained: tuple[str, ...] = ()
    stress: ByKey[StressPoint] = Field(default_factory=dict)

    @property
    def unstressed(self) -> tuple[str, ...]:
        """The generators that are given the prompts as they are."""
        return tuple(label for label in self.generators if label not in self.stress)

    @property
    def bounds(self) -> frozenset[str]:
        """Labels of what is no generator: the reference scored against itself, and clips of the wrong references."""
        return frozenset(label for label in self.generators if self.plugins.get(label, label) in BOUNDS)

    def bound(self, name: str, among: Collection[str]) -> str | None:
        """The label of "ceiling" or "chance" among these labels; None where it is not."""
        return next((label for label in among if self.plugins.get(label, label) == name), None)


class Cell(Record):
    """One generator on one dataset by one metric: a value, or the reason why it is missing.

    `failed` maps clip keys to reasons; `low` and `high` bound the 95 % interval. Values compare where signature and
    protocol, the hash of how clips were prepared, are equal. `by_clip` holds numbers by clip key whose mean is the
    value and whose standard error is the value's, see `metrics.base.score.Score`; it may be empty.
    """

    dataset: str
    generator: str
    metric: str
    value: float | None
    missing: str | None
    n: int
    failed: ByKey[str] = Field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    direction: Literal["lower", "higher"]
    unit: str = ""
    signature: str
    protocol: str = ""
    notes: tuple[str, ...] = ()
    details: ByKey[float] = Field(default_factory=dict)
    by_clip: ByKey[float] = Field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str, str]:
        """Dataset, generator, metric."""
        return self.dataset, self.generator, self.metric


class Profile(Record):
    """What one generator cost on one dataset; None where nothing was generated (clips that existed already).

    Attributes:
        clips, failed: narrated, and failed to be.
        stages: wall seconds by stage, summed over clips.
        seconds: wall seconds of generation; the stage "write", the harness's own, is not in it.
        media_seconds: seconds of video made.
        frames: frames made.
        real_time_factor: seconds / media_seconds; below 1 is faster than real time.
        frames_per_second: frames / seconds.
        peak_memory_mib: largest peak over the clips, by place ("host", "gpu").
    """

    dataset: str
    generator: str
    clips: int
    failed: int
    stages: dict[str, float] = Field(default_factory=dict)
    seconds: float | None = None
    media_seconds: float = 0.0
    frames: int = 0
    real_time_factor: float | None = None
    frames_per_second: float | None = None
    peak_memory_mib: ByKey[float] = Field(default_factory=dict)


class Clip(Record):
    """One generated clip: `file` and `reference` are relative to the run's folder, None where there is none to play.

    `prompt` is the hash of all that the generator was given, `reference_identity` that of the reference clip and of how
    it is decoded.
    """

    dataset: str
    generator: str
    key: str
    file: str | None
    reference: str | None
    text: str
    text_source: str
    voice_source: str
    prompt: str = ""
    reference_identity: str = ""
    error: str | None = None


class Finding(Record):
    """A clip of a dataset that takes no part, and why."""

    dataset: str
    item: str
    reason: str


class Change(Record):
    """How far a generator with damaged prompts lies above itself with the prompts as they are, on `n` clips of both.

    `low` and `high` bound the 95 % interval; None, as `p_value`, below the fewest clips of which anything is claimed.
    """

    dataset: str
    generator: str
    metric: str
    difference: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    n: int


class Claim(Record):
    """A claim of the paper's supplement, what became of it, and the numbers that decide it."""

    dataset: str
    generator: str
    claim: str
    verdict: Literal["holds", "fails", "cannot be said"]
    evidence: str


Placed = TypeVar("Placed", Cell, Profile, Clip)


class Results(Record):
    """All that is known of a run; `environment` and `profiles` lie in files of their own."""

    schema_version: Literal[3] = Field(default=3, alias="schema")
    study: Study
    protocol: dict[str, Any]
    environment: dict[str, Any] = Field(default_factory=dict)
    cells: tuple[Cell, ...]
    profiles: tuple[Profile, ...] = ()
    clips: tuple[Clip, ...] = ()
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def plain(self) -> Results:
        """The results without the variants that were given damaged prompts, which have tables of their own."""
        if not self.study.stress:
            return self
        kept = self.study.unstressed

        def of_kept(records: tuple[Placed, ...]) -> tuple[Placed, ...]:
            return tuple(record for record in records if record.generator in kept)

        return self.model_copy(
            update={
                "study": self.study.model_copy(update={"generators": kept, "stress": {}}),
                "cells": of_kept(self.cells),
                "profiles": of_kept(self.profiles),
                "clips": of_kept(self.clips),
                "changes": (),
                "claims": (),
            }
        )

    def write(self, path: Path) -> None:
        """Write the results file and those beside it, each atomically; equal results give equal bytes."""
        beside = self.model_dump(mode="json", include={"environment", "profiles"})
        elsewhere: Any = {"environment": True, "profiles": True, "cells": {"__all__": {"by_clip"}}}
        apart = len(self.clips) > rows.MOST_INSIDE
        content = self.model_dump(mode="json", by_alias=True, exclude=elsewhere | ({"clips": True} if apart else {}))
        if apart:
            made = rows.write_rows(path.with_name(rows.FILE), (clip.model_dump(mode="json") for clip in self.clips))
            content |= {"schema": APART, "clips": made}
        _write(path, content)
        if not apart:
            path.with_name(rows.FILE).unlink(missing_ok=True)  # of an earlier, larger study
        _write(path.with_name(SCORES), _nested(self.cells))
        _write(path.with_name(COSTS), beside["profiles"])
        _write(path.with_name(ENVIRONMENT), beside["environment"])

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read a results file and, where they are there, the costs, clip scores and environment beside it.

        Raises:
            ResultsError: no such file, not JSON, of another schema, not results, or results that contradict themselves.
        """
        content = _json(path)
        found = content.get("schema") if isinstance(content, dict) else None
        if type(found) is not int or found not in (SCHEMA, APART):
            shown = visible(repr(found))[:60]
            raise ResultsError(
                f"{path} has schema {shown}, this version reads schema {SCHEMA} and {APART}: run the study again."
            )
        told = content.pop("clips", None) if found == APART else None
        content["schema"] = SCHEMA
        for name, file in (("profiles", COSTS), ("environment", ENVIRONMENT)):
            if path.with_name(file).exists():
                content[name] = _json(path.with_name(file))
        by_clip = _json(path.with_name(SCORES)) if path.with_name(SCORES).exists() else {}
        try:
            results = cls.model_validate(content)
            scores = _CLIP_SCORES.validate_python(by_clip)
        except ValidationError as error:
            problem = error.errors()[0]
            place = visible(".".join(str(part) for part in problem["loc"]))[:200]
            raise ResultsError(f"{path} is not a results file: {place}: {visible(problem['msg'])}.") from error
        results = results.model_copy(update={"cells": tuple(_with_clips(cell, scores) for cell in results.cells)})
        if found == APART:
            results = results.model_copy(update={"clips": _apart(path.with_name(rows.FILE), told)})
        if (contradiction := contradiction_of(results)) is not None:
            raise ResultsError(f"{path} is not a results file: {contradiction}.")
        return results


ClipScores = dict[str, dict[str, dict[str, dict[str, Annotated[float, Field(allow_inf_nan=False)]]]]]
"""Numbers by dataset, generator, metric and clip key."""

_CLIP_SCORES: TypeAdapter[ClipScores] = TypeAdapter(ClipScores)


def _nested(cells: tuple[Cell, ...]) -> ClipScores:
    nested: ClipScores = {}
    for cell in cells:
        nested.setdefault(cell.dataset, {}).setdefault(cell.generator, {})[cell.metric] = dict(cell.by_clip)
    return nested


def _with_clips(cell: Cell, scores: ClipScores) -> Cell:
    by_clip = scores.get(cell.dataset, {}).get(cell.generator, {}).get(cell.metric, {})
    return cell.model_copy(update={"by_clip": dict(sorted(by_clip.items()))})


def _apart(path: Path, told: Any) -> tuple[Clip, ...]:
    try:
        return tuple(Clip.model_validate(row) for row in rows.read_rows(path, told))
    except OSError as error:
        raise ResultsError(f"Cannot read the clips {path}: {error.strerror or error}.") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = visible(".".join(str(part) for part in problem["loc"]))[:200]
        raise ResultsError(f"{path} holds no clips: {place}: {visible(problem['msg'])}.") from error
    except ValueError as error:
        raise ResultsError(f"The clips' file {path} {error}: run the study again.") from error


def _write(path: Path, content: Any) -> None:
    write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _json(path: Path) -> Any:
    try:
        if path.exists() and not path.is_file():
            raise ResultsError(f"Cannot read the results {path}: it is no regular file.")
        if path.stat().st_size > MAX_BYTES:
            raise ResultsError(f"Cannot read the results {path}: it is larger than {MAX_BYTES >> 20} MiB.")
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refused)
    except OSError as error:
        raise ResultsError(f"Cannot read the results {path}: {error.strerror or error}.") from error
    except RecursionError as error:
        raise ResultsError(f"Cannot read the results {path}: it is nested too deep.") from error
    except ResultsError:
        raise
    except ValueError as error:  # no UTF-8, no JSON, or a number of thousands of digits
        raise ResultsError(f"Cannot read the results {path}: {visible(str(error))[:200].rstrip('.')}.") from error


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number that a score can have")
