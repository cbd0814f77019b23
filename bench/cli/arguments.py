"""Arguments of several commands: folders and plug-ins as they are written on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from bench import plugins
from bench.choice import Choice
from bench.errors import UserMistake, in_words, shown, without_secrets
from bench.files import obstacle
from bench.paths import written_path
from bench.remote.address import Address, path_or_address
from bench.strict_yaml import read_yaml

C = TypeVar("C", bound=Choice)

RUN_LOCALLY = "run into a local folder, then `narrator-bench archive FOLDER ADDRESS`"


def path_to_read(what: str) -> Callable[[str], Path]:
    """A parser for a path; whether anything is there, the command itself says best.

    Args:
        what: the argument, as a sentence names it, for example "--real".
    """
    return lambda written: written_path(written, what)


def folder_to_write(option: str, what: str, **where_remote: str) -> Callable[[str], Path]:
    """A parser for a folder that exists and can be written to, or can be made.

    Args:
        option: the option's name, for example "--out".
        what: the folder's role, for example "the run folder".
        where_remote: `instead` of `written_path`.
    """

    def parse(written: str) -> Path:
        folder = written_path(written, option, **where_remote)
        try:
            there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
            reason = None if os.access(there, os.W_OK | os.X_OK) else f"no permission to write to {there}"
            if not there.is_dir():
                reason = f"{there} is no folder"
        except OSError as error:
            reason = error.strerror
        if reason:
            raise UserMistake(f"Cannot write to {what} {folder} ({reason}); choose another with {option}.")
        return folder

    return parse


def file_to_write(option: str) -> Callable[[str], Path]:
    """A parser for a file that can be written: a regular one or none yet, in a folder as `folder_to_write` has it.

    Args:
        option: the option's name, for example "--write".
    """

    def parse(written: str) -> Path:
        path = written_path(written, option)
        if os.path.lexists(path) and (reason := obstacle(path)):
            raise UserMistake(f"{option} cannot write to {path} ({reason}): name a file.")
        folder_to_write(option, "the folder")(str(path.parent))
        return path

    return parse


RunToWrite = Annotated[
    Path,
    typer.Option(
        "--out", parser=folder_to_write("--out", "the run folder", instead=RUN_LOCALLY), metavar="FOLDER",
        help="The run's folder; an existing one is continued.",
    ),
]  # fmt: skip
CacheToWrite = Annotated[
    Path | None,
    typer.Option(
        "--cache", parser=folder_to_write("--cache", "the cache"), metavar="FOLDER",
        help="Keep per-clip statistics here, for the next time.",
    ),
]  # fmt: skip
RunToRead = Annotated[
    Path, typer.Argument(parser=path_to_read("The run's folder"), metavar="RUN", help="A run's folder.")
]


def place_to_read(what: str) -> Callable[[str], Path | Address]:
    """As `path_to_read`, and addresses such as s3://bucket/clips too."""
    return lambda written: path_or_address(written, what)


def roots_by_dataset(written: Iterable[str]) -> dict[str, Path | Address]:
    """Where datasets lie as `--root` tells: `DATASET=FOLDER`, from the current folder on, or `DATASET=ADDRESS`.

    Raises:
        UserMistake: one is written otherwise, or a dataset is named twice.
    """
    roots: dict[str, Path | Address] = {}
    for entry in written:
        name, equals, folder = entry.partition("=")
        if not (equals and name):
            told = shown(without_secrets(entry), 80)
            raise UserMistake(f"--root: '{told}' is not DATASET=FOLDER, for example hdtf=/data/HDTF.")
        if name in roots:
            raise UserMistake(f"--root names the dataset '{shown(name, 80)}' twice: keep one.")
        place = path_or_address(folder, "--root")
        roots[name] = place if isinstance(place, Address) else place.resolve()
    return roots


def chosen(model: type[C], kind: plugins.Kind, what: str, name: str, options: Iterable[str] = (), **fields: Any) -> C:
    """A plug-in with its options as they are written: `NAME=VALUE`, the values as in a study.

    Args:
        model: what it becomes, `Choice` or a kind of it; `fields` are the other fields of that.
        kind: of plug-in.
        what: where the options stand, as a sentence names it, for example "--metrics".

    Raises:
        UserMistake: an unknown plug-in; an option without "=", given twice, or with a value that is not YAML.
    """
    plugins.find(kind, name)
    values: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not (equals and key):
            raise UserMistake(f"{what}: '{shown(option, 80)}' is not NAME=VALUE, for example stride=10.")
        if key in values:
            raise UserMistake(f"{what}: the option '{shown(key, 80)}' of '{shown(name, 80)}' is given twice: keep one.")
        values[key] = read_yaml(value, f"{what}: '{shown(option, 80)}'")
    try:
        return model(name=name, plugin=name, options=values, **fields)
    except ValidationError as error:
        raise UserMistake(f"{what}: {in_words(error.errors()[0]['msg'])}.") from error


def chosen_metrics(written: str) -> tuple[Choice, ...]:
    """Metrics as `--metrics` names them: `fid:stride=10,fvd,mcd`.

    A metric that is named several times is told apart by its options: `fid-stride-10`.

    Raises:
        UserMistake: none is named, one is named twice in the same way, is not NAME:OPTION=VALUE or cannot be built.
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    split = [part.split(":") for part in parts]
    choices = [chosen(Choice, "metric", "--metrics", name, options) for name, *options in split]
    if not choices:
        raise UserMistake("--metrics names no metric: see `narrator-bench metrics list`.")
    named = _told_apart("--metrics", parts, choices)
    for choice in named:
        plugins.build_metric(choice)  # a mistake in an option is found before any clip is looked at
    return named


def chosen_generators(written: Sequence[str]) -> tuple[Choice, ...]:
    """Generators as arguments name them: `narrator:preset=small:steps=2`; told apart as metrics are.

    Raises:
        UserMistake: one is unknown, named twice in the same way, or not NAME:OPTION=VALUE.
    """
    split = [re.split(r":(?=[A-Za-z_]\w*=)", part) for part in written]  # an option's value may hold colons itself
    choices = [chosen(Choice, "generator", "GENERATOR", name, options) for name, *options in split]
    return _told_apart("GENERATOR", written, choices)


def _told_apart(what: str, parts: Sequence[str], choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """The choices under labels of their own: one that is named several times is called after its options too."""
    names = [choice.name for choice in choices]
    labels = [
        re.sub(r"[^A-Za-z0-9._+-]+", "-", part)[:64] if names.count(choice.name) > 1 else choice.name
        for part, choice in zip(parts, choices, strict=True)
    ]
    for label in labels:
        if labels.count(label) > 1:
            raise UserMistake(f"{what} names {label} twice: keep one, or give them different options.")
    return tuple(choice.model_copy(update={"name": label}) for choice, label in zip(choices, labels, strict=True))
