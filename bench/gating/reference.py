"""The reference file of a gate: what the scores were, small and readable in a diff, with stable bytes.

JSON, laid out by hand: a line for each clip of a dataset (the hashes of its prompt and its reference clip), then, for
each cell, a line with its score, one with its signature, and its numbers by clip in the order of the dataset's clips.
"""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator

from bench.errors import UserMistake, in_words, shown
from bench.files import UnreadableFile, as_text, atomic, read_small
from bench.gating.latency import ReferenceProfile, timed_generators
from bench.gating.numbers import Number, StrictRecord, rounded
from bench.gating.rules import Place, Rules
from reports.profiles import ProfileReport
from reports.results import Cell, Results

SCHEMA = 1
MAX_BYTES = 64 << 20


class ReferenceCell(StrictRecord):
    """What one cell of the run was.

    Attributes:
        value, missing, low, high, n, signature: as in `reports.results.Cell`.
        failed: clips without a score.
        by_clip: numbers in the order of the dataset's clips, None for a clip without one; empty where there are none.
    """

    dataset: str
    generator: str
    metric: str
    value: Number | None = None
    missing: str | None = None
    low: Number | None = None
    high: Number | None = None
    n: int = Field(ge=0)
    failed: int = Field(ge=0)
    signature: str
    by_clip: list[Number | None] = Field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.dataset, self.generator, self.metric)

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> ReferenceCell:
        numbers = [number for number in self.by_clip if number is not None]
        if (self.value is None) == (self.missing is None):
            raise ValueError("a cell has a value or a reason why it is missing")
        if self.value is None:
            if numbers:
                raise ValueError("a cell without a value has numbers by clip")
            return self
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the interval ends at {self.high:g}, below where it begins, {self.low:g}")
        largest = max([abs(number) for number in numbers], default=0.0)
        if numbers and not math.isclose(fmean(numbers), self.value, rel_tol=3e-6, abs_tol=3e-6 * max(1, largest)):
            raise ValueError(f"the numbers by clip have a mean of {fmean(numbers):g}, the value is {self.value:g}")
        return self


class Reference(StrictRecord):
    """What a gate compares with.

    Attributes:
        study: the name of the study that the run was of.
        protocol: as in the results.
        clips: of each dataset, by key, hashes of the prompt and of the reference clip.
        profile: how long the run's prompts took, where the rules judge latencies.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    study: str
    protocol: dict[str, JsonValue]
    clips: dict[str, dict[str, str]]
    cells: list[ReferenceCell] = Field(min_length=1)
    profile: ReferenceProfile | None = None

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Reference:
        seen = set()
        for cell in self.cells:
            if cell.place in seen:
                raise ValueError(f"the cell of {', '.join(cell.place)} stands twice")
            if cell.by_clip and len(cell.by_clip) != len(self.clips.get(cell.dataset, {})):
                raise ValueError(
                    f"the cell of {', '.join(cell.place)} has {len(cell.by_clip)} numbers by clip, its dataset "
                    f"{len(self.clips.get(cell.dataset, {}))} clips"
                )
            seen.add(cell.place)
        return self

    @classmethod
    def of(cls, results: Results, rules: Rules, rules_name: str, profile: ProfileReport | None = None) -> Reference:
        """The reference that a run makes: the cells that the rules select, and latencies where they judge them.

        Raises:
            UserMistake: the rules name what the run does not know, or select nothing; a number is no score.
        """
        study = results.study
        generators = [*study.generators, *timed_generators(profile)]
        known = {"dataset": study.datasets, "generator": generators, "metric": study.metrics}
        rules.check_names(known, rules_name)
        cells = [cell for cell in results.cells if rules.selects(Place(*cell.place), study.bounds)]
        if not cells:
            raise UserMistake(f"{rules_name} select no cell of the run: name other datasets, generators or metrics.")
        clips = {name: clips_of(results, name) for name in study.datasets if name in {c.dataset for c in cells}}
        try:
            return cls(
                study=study.name,
                protocol=results.protocol,
                clips=clips,
                cells=[_reference_cell(cell, clips[cell.dataset]) for cell in cells],
                profile=ReferenceProfile.of(profile, rules) if profile and rules.judges_latency else None,
            )
        except ValidationError as error:
            raise UserMistake(f"The run cannot be a reference: {in_words(error.errors()[0]['msg'])}.") from error

    @classmethod
    def read(cls, path: Path) -> Reference:
        """Read a reference file.

        Raises:
            UserMistake: no such file, or none that `write` could have written; one sentence.
        """
        try:
            text = as_text(read_small(path, MAX_BYTES))
            content = json.loads(text, parse_constant=_refused, object_pairs_hook=_without_equal_keys)
        except UnreadableFile as error:
            none = not os.path.lexists(path)
            mend = ": `narrator-bench gate RUN --update --against FILE` writes one" if none else ""
            raise UserMistake(f"Cannot read the reference {path} ({error}){mend}.") from error
        except (ValueError, RecursionError) as error:  # no JSON, deep nesting, or a number of thousands of digits
            said = "nested too deep" if isinstance(error, RecursionError) else shown(error, 200).rstrip(".")
            raise UserMistake(f"Cannot read the reference {path} ({said}): restore it or delete it.") from error
        found = content.get("schema") if isinstance(content, dict) else None
        if type(found) is not int or found != SCHEMA:
            raise UserMistake(
                f"{path} is no reference of this version (schema {shown(repr(found), 40)}, not {SCHEMA}): delete it "
                "and write it again with `narrator-bench gate --update`."
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"]))
            said = shown(f"{place}: {in_words(problem['msg'])}" if place else in_words(problem["msg"]))
            raise UserMistake(f"{path} is not what `gate --update` wrote: {said}: restore it.") from error

    def write(self, path: Path) -> None:
        """Write the file under a temporary name, then rename it; equal references give equal bytes."""
        text = "".join(f"{line}\n" for line in self._lines())
        with atomic(path) as temporary:
            temporary.write_bytes(text.encode("utf-8", "backslashreplace"))

    def _lines(self) -> Iterator[str]:
        yield "{"
        yield f' "schema": {SCHEMA},'
        yield f' "study": {_json(self.study)},'
        yield ' "protocol": {'
        yield from _joined(f"  {_json(name)}: {_json(self.protocol[name])}" for name in sorted(self.protocol))
        yield " },"
        yield ' "clips": {'
        yield from _joined(_clips_text(dataset, clips) for dataset, clips in self.clips.items())
        yield " },"
        yield ' "cells": ['
        yield from _joined(_cell_text(cell) for cell in self.cells)
        if self.profile is None:
            yield " ]"
        else:
            yield " ],"
            yield f' "profile": {self.profile.text()}'
        yield "}"


def clips_of(results: Results, dataset: str) -> dict[str, str]:
    """By key, what a clip of a dataset is: hashes of its prompt and of its reference clip."""
    known = {
        clip.key: f"prompt {clip.prompt[:12] or '?'} reference {clip.reference_identity[:12] or '?'}"
        for clip in results.clips
        if clip.dataset == dataset
    }
    scored = {key for cell in results.cells if cell.dataset == dataset for key in cell.by_clip}
    return {key: known.get(key, "?") for key in sorted(known.keys() | scored)}


def changes(before: Reference | None, after: Reference) -> list[str]:
    """What writing `after` over `before` adds, changes and takes away, one line each; the same cells say nothing."""
    old = {cell.place: cell for cell in before.cells} if before else {}
    new = {cell.place: cell for cell in after.cells}
    lines = []
    if before and before.protocol != after.protocol:
        lines.append("changed: the protocol")
    for dataset, clips in after.clips.items():
        if before and dataset in before.clips and before.clips[dataset] != clips:
            lines.append(f"changed: the clips of {dataset} ({len(before.clips[dataset])} before, {len(clips)} now)")
    if (before.profile if before else None) != after.profile:
        timed = after.profile
        lines.append(f"changed: the latencies of {', '.join(timed.names)}" if timed else "removed: the latencies")
    for place in [*old, *(place for place in new if place not in old)]:
        if place not in new:
            lines.append(f"removed: {_named(old[place])}")
        elif place not in old:
            lines.append(f"added: {_named(new[place])}")
        elif old[place] != new[place]:
            was = old[place].value
            lines.append(f"changed: {_named(new[place])}, {'missing' if was is None else f'{was:g}'} before")
    return lines


def _named(cell: ReferenceCell) -> str:
    value = f"missing ({cell.missing})" if cell.value is None else f"{cell.value:g}"
    return f"{', '.join(cell.place)}: {value}"


def _reference_cell(cell: Cell, clips: Mapping[str, str]) -> ReferenceCell:
    return ReferenceCell(
        dataset=cell.dataset,
        generator=cell.generator,
        metric=cell.metric,
        value=_rounded(cell.value),
        missing=cell.missing,
        low=_rounded(cell.low),
        high=_rounded(cell.high),
        n=cell.n,
        failed=len(cell.failed),
        signature=cell.signature,
        by_clip=[_rounded(cell.by_clip.get(key)) for key in clips] if cell.by_clip else [],
    )


def _rounded(number: float | None) -> float | None:
    return None if number is None else rounded(number)


def _clips_text(dataset: str, clips: Mapping[str, str]) -> str:
    lines = _joined(f"   {_json(key)}: {_json(hashes)}" for key, hashes in clips.items())
    return "\n".join([f"  {_json(dataset)}: {{", *lines, "  }"])


def _cell_text(cell: ReferenceCell) -> str:
    absent = ("missing",) if cell.missing is None else ("value", "low", "high")
    content = cell.model_dump(mode="json", exclude={"signature", "by_clip", *absent})
    numbers = textwrap.wrap(", ".join(map(_json, cell.by_clip)), 110, break_long_words=False)
    return "\n".join([
        f"  {_json(content)[:-1]},",
        f'   "signature": {_json(cell.signature)},',
        '   "by_clip": [' + "\n    ".join(numbers) + "]}",
    ])  # fmt: skip


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Lines with commas between them."""
    before = None
    for line in lines:
        if before is not None:
            yield before + ","
        before = line
    if before is not None:
        yield before


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number that a score can have")


def _without_equal_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key '{shown(twice, 80)}' stands twice")
    return content
