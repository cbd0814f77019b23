"""A sweep: one generator for each checkpoint that a study's glob matches, and the rule by which one of them is best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from glob import has_magic, iglob
from itertools import islice, pairwise
from pathlib import Path

from pydantic import Field, StrictStr, model_validator

from bench.choice import LABEL, Choice, Strict
from bench.errors import UserMistake, shown
from bench.paths import written_path
from bench.stress.variants import StressPoint

MOST = 1000
"""Checkpoints of one sweep."""
LARGEST = 2**63
NAMED = 5
"""Names of files that a sentence lists."""


class SweepPoint(Strict):
    """Where a generator stands in a sweep.

    Attributes:
        family: label of the sweep.
        step: from the checkpoint's name, or its place in the order of names.
        option: the generator's option that names the checkpoint.
    """

    family: StrictStr = Field(pattern=rf"^{LABEL.pattern}$")
    step: int = Field(ge=0, lt=LARGEST, strict=True)
    option: StrictStr


class GeneratorChoice(Choice):
    """A generator, or many that differ in one file.

    Attributes:
        checkpoints: a glob of files, each of which makes a generator; what it matches is what the study is.
        checkpoint_option: the option that a checkpoint fills.
        sweep: where a generator that was made so stands.
        stress: the damaged prompts that it is given; None: the prompts as they are.
    """

    checkpoints: StrictStr | None = Field(default=None, exclude=True)
    checkpoint_option: StrictStr = Field(default="checkpoint", exclude=True)
    sweep: SweepPoint | None = None
    stress: StressPoint | None = None

    @property
    def itself(self) -> GeneratorChoice:
        """The generator, whatever prompts it is given: equal for all its variants."""
        return self if self.stress is None else self.model_copy(update={"name": self.stress.family, "stress": None})

    @model_validator(mode="after")
    def _says_once_what_fills_the_option(self) -> GeneratorChoice:
        if self.checkpoints is not None and self.checkpoint_option in self.options:
            raise ValueError(f"the option '{self.checkpoint_option}' and 'checkpoints' exclude each other; give one")
        if self.checkpoints is not None and self.sweep is not None:
            raise ValueError("'checkpoints' and 'sweep' exclude each other; give one")
        if self.sweep is not None and not isinstance(self.options.get(self.sweep.option), str):
            raise ValueError(f"'sweep' needs a path as the option '{self.sweep.option}'")
        return self


class Best(Strict):
    """Which checkpoint of a sweep is best: by one metric, on one dataset or by the mean over all of the study's."""

    metric: StrictStr
    dataset: StrictStr | None = None


def swept(generators: Sequence[GeneratorChoice], folder: Path) -> tuple[GeneratorChoice, ...]:
    """The generators of a study, those with `checkpoints` as one for each file, in the order of steps.

    Args:
        folder: where a relative glob starts.

    Raises:
        ValueError: a glob that cannot be used, that matches nothing, or whose matches have no order.
    """
    made: list[GeneratorChoice] = []
    for choice in generators:
        made += (
            [_anchored(choice, folder)] if choice.checkpoints is None else _family(choice, choice.checkpoints, folder)
        )
    return tuple(made)


def _anchored(choice: GeneratorChoice, folder: Path) -> GeneratorChoice:
    """A generator that says itself where it stands in a sweep, its checkpoint as an absolute path."""
    if choice.sweep is None:
        return choice
    option = choice.sweep.option
    anchored = str((folder / str(choice.options[option])).absolute())
    return choice.model_copy(update={"options": {**choice.options, option: anchored}})


def _family(choice: GeneratorChoice, checkpoints: str, folder: Path) -> list[GeneratorChoice]:
    what = f"the checkpoints {shown(checkpoints, 80)!r} of {choice.name!r}"
    try:
        pattern = written_path(checkpoints, "the glob")
    except UserMistake as mistake:
        raise ValueError(f"{what} cannot be looked for: {mistake}") from mistake
    files = _matched(what, pattern, folder)
    return [
        GeneratorChoice(
            name=_label(what, choice.name, tag),
            plugin=choice.plugin,
            options={**choice.options, choice.checkpoint_option: str((folder / file).absolute())},
            sweep=SweepPoint(family=choice.name, step=step, option=choice.checkpoint_option),
        )
        for step, tag, file in _in_order(what, {file: _varying(pattern, file) for file in files})
    ]


def _matched(what: str, pattern: Path, folder: Path) -> list[Path]:
    """The files that a glob matches; folders do not count."""
    if "**" in pattern.parts:
        raise ValueError(f"{what} hold '**': name each folder on the way, or '*' for any one")
    paths = (Path(found) for found in iglob(str(pattern), root_dir=folder))
    files = sorted(islice((path for path in paths if not (folder / path).is_dir()), MOST + 1))
    if len(files) > MOST:
        raise ValueError(f"{what} are more than {MOST:,} files: narrow the glob")
    if not files:
        raise ValueError(f"{what} match no file: {_what_lies_there(pattern, folder)}")
    for file in files:
        if not (folder / file).is_file():  # a pipe would be waited for, a dangling link has nothing behind it
            raise ValueError(f"{what} match {shown(file, 80)}, which is no regular file: narrow the glob or remove it")
    return files


def _what_lies_there(pattern: Path, folder: Path) -> str:
    there = folder
    for part in pattern.parts[:-1]:
        if has_magic(part):
            break
        there /= part
        if not there.is_dir():
            return f"there is no folder {shown(there, 120)}"
    try:
        names = sorted(path.name for path in there.iterdir())
    except OSError as error:
        return f"the folder {shown(there, 120)} cannot be read ({error.strerror})"
    return f"in {shown(there, 120)} lies {_some(names) if names else 'nothing'}"


def _varying(pattern: Path, file: Path) -> str:
    """What tells a file from the others: the parts of its path that a wildcard stands for, without the suffix."""
    parts = [part for part, wanted in zip(file.parts, pattern.parts, strict=True) if has_magic(wanted)]
    if not parts or has_magic(pattern.name):
        name = Path(parts.pop() if parts else file.name)
        parts.append(name.name if name.suffix[1:].isdigit() else name.stem)  # "model.1000" ends in its step
    return "-".join(parts)


def _in_order(what: str, names: dict[Path, str]) -> list[tuple[int, str, Path]]:
    """Step, the label's end and the file of each: by the last number in the names, by the names where none has one."""
    numbers = {file: int(found[-1]) for file, name in names.items() if (found := re.findall("[0-9]+", name))}
    if not numbers:
        ordered = sorted(names.items(), key=lambda item: (item[1], item[0]))
        keyed = [(step, name, file) for step, (file, name) in enumerate(ordered, 1)]
    elif len(numbers) < len(names):
        lacking = min(file for file in names if file not in numbers)
        raise ValueError(f"{what} match {shown(lacking, 80)}, which has no number, unlike others: narrow the glob")
    else:
        keyed = sorted((number, str(number), file) for file, number in numbers.items())
    for (_, first, one), (_, second, other) in pairwise(keyed):
        if first == second:
            raise ValueError(
                f"{what} hold {first} twice, as {shown(one, 80)} and {shown(other, 80)}: the last number in the name "
                "is the step; narrow the glob or rename one"
            )
    return keyed


def _label(what: str, family: str, tag: str) -> str:
    label = f"{family}@{tag}"
    if not LABEL.fullmatch(label) or (tag.isdigit() and int(tag) >= LARGEST):
        raise ValueError(
            f"{what} would make the label {shown(label, 80)!r}, which names a folder: it may have 64 letters, digits, "
            "'.', '_', '+', '-' and '@', and a step 18 digits; rename the file"
        )
    return label


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(shown(name, 60) for name in names[:NAMED]) + more
