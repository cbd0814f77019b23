"""The command line of a program, with placeholders for a prompt's parts."""

from __future__ import annotations

import shlex
import shutil
import string
from collections.abc import Mapping
from pathlib import Path

from narrator.options import nearest, shown

PLACEHOLDERS = {
    "text": "the words to speak",
    "text_file": "a UTF-8 file with the words",
    "image": "the driving image, a PNG file",
    "voice": "the voice profile, a 16-bit mono WAV file",
    "out": "where to write the clip",
    "seed": "the prompt's seed",
    "key": "the prompt's name",
    "study": "the folder of the study file",
    "checkpoint": "the file that the option of that name names",
}
_GENERATOR = "generator 'command'"


class Template:
    """A command line, split like a shell's, once, and never passed to a shell.

    Args:
        text: for example `python talk.py --text={text} --out {out}`; `{{` and `}}` stand for braces.
        study_folder: where relative programs and files are.
        checkpoint: what `{checkpoint}` stands for.

    Raises:
        ValueError: it cannot be split, names an unknown placeholder, lacks `{out}`, lacks one of `{checkpoint}` and a
            checkpoint where it has the other, or its program cannot be found.
    """

    def __init__(self, text: str, study_folder: Path, checkpoint: Path | None = None) -> None:
        self._study = study_folder
        self._arguments = _split(text)
        self._fixed = {"study": str(study_folder)} | ({"checkpoint": str(checkpoint)} if checkpoint else {})
        if any("checkpoint" in _names(argument) for argument in self._arguments) != (checkpoint is not None):
            raise ValueError(f"{_GENERATOR}: the option checkpoint and {{checkpoint}} in the template need each other.")
        self._program = self._found_program()

    def __str__(self) -> str:
        return shlex.join(self._arguments)

    def fill(self, values: Mapping[str, str]) -> list[str]:
        """The program and its arguments; every value stays part of one argument."""
        known = {**values, **self._fixed}
        return [str(self._program), *(argument.format_map(known) for argument in self._arguments[1:])]

    def files(self) -> list[Path]:
        """The program, and every argument, or part of one after its first "=", that is a file that exists."""
        fixed = [
            argument.format_map(self._fixed)
            for argument in self._arguments[1:]
            if _names(argument) <= self._fixed.keys()
        ]
        parts = [part for argument in fixed for part in (argument, argument.partition("=")[2]) if part]
        paths = [self._program, *(self._study / part for part in parts if "\0" not in part)]
        return [path for path in dict.fromkeys(paths) if _is_file(path)]

    def _found_program(self) -> Path:
        first = self._arguments[0]
        if not _names(first) <= {"study"}:
            raise ValueError(f"{_GENERATOR}: the program {shown(first)} must be fixed; only {{study}} may stand in it.")
        name = first.format(study=self._study)
        found = shutil.which(str(self._study / name) if "/" in name else name) if "\0" not in name else None
        if found is None:
            where = f"relative to {self._study}" if "/" in name else "on the PATH"
            raise ValueError(
                f"{_GENERATOR}: the program {shown(name)} cannot be started: there is no such executable file {where}."
            )
        return Path(found)


def _split(text: object) -> list[str]:
    if not isinstance(text, str):
        raise ValueError(f"{_GENERATOR}: the template must be a text, the command line, got {shown(text)}.")
    try:
        arguments = shlex.split(text)
        fields = [field for argument in arguments for field in string.Formatter().parse(argument)]
    except ValueError as error:
        raise ValueError(f"{_GENERATOR}: the template {shown(text)} cannot be read: {error}.") from error
    if not arguments:
        raise ValueError(f"{_GENERATOR}: the template is empty; write the program and its arguments.")
    for _, name, form, conversion in fields:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            close = nearest(name, PLACEHOLDERS.keys() - {name})
            hint = f" Did you mean {{{close}}}?" if close else ""
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise ValueError(f"{_GENERATOR}: unknown placeholder {{{name}}}.{hint} Known: {known}.")
    if not any(name == "out" for _, name, _, _ in fields):
        raise ValueError(f"{_GENERATOR}: the template has no {{out}}, so no clip could be found afterwards.")
    return arguments


def _names(argument: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(argument) if name is not None}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a name
        return False
