"""One hostile case: what is given, and what must come of it."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NamedTuple
from unittest.mock import patch

from bench.cli.app import main

SECONDS = 30
Arguments = Sequence[str | Path]


class Hung(BaseException):
    """The command took longer than any of these may."""


class Outcome(NamedTuple):
    """What a command left; a code of None stands for one that hung."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True)
class Case:
    """A command over something hostile.

    Attributes:
        kind: of input.
        name: of this case, unique within its kind.
        make: puts what is needed into an empty folder and returns the command's arguments; the command runs there.
        codes: exit codes that are right.
        says: a regular expression that what is printed must match.
        never: one that it must not match.
        environment: variables that the command sees.
        quick: whether it belongs into continuous integration.
        after: what is wrong with what the command left in the folder, or None.
    """

    kind: str
    name: str
    make: Callable[[Path], Arguments]
    codes: tuple[int, ...] = (2,)
    says: str = ""
    never: str = "Traceback|unexpected error|Aborted"
    environment: Mapping[str, str] = field(default_factory=dict)
    quick: bool = True
    after: Callable[[Path], str | None] = lambda folder: None

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def complaint(case: Case, folder: Path) -> str | None:
    """What is wrong with the outcome of a case that runs in this empty folder; None if all is as it ought to be."""
    outcome = _run(case, folder)
    if outcome.code is None:
        return f"it hung for {SECONDS} s"
    printed = outcome.out + outcome.err
    if case.never and (found := re.search(case.never, printed)):
        return f"it says {found[0]!r}: {_last_line(outcome.err)}"
    if outcome.code not in case.codes:
        return f"exit code {outcome.code}, not {' or '.join(map(str, case.codes))}: {_last_line(printed)}"
    if not re.search(case.says, printed):
        return f"it does not say {case.says!r}: {_last_line(printed)}"
    if outcome.code == 2 and outcome.err.count("\n") > 1:
        return f"more than one sentence: {outcome.err!r}"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", outcome.err):
        return f"raw characters reach the terminal: {outcome.err!r}"
    if (folder / "EXECUTED").exists():
        return "it executed what the input holds"
    return case.after(folder)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing"])[-1][:200]


def _run(case: Case, folder: Path) -> Outcome:
    home = Path.cwd()
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))

    def hung(number: int, frame: FrameType | None) -> None:
        raise Hung

    code: int | None = 0
    os.chdir(folder)
    before = signal.signal(signal.SIGALRM, hung)
    try:
        arguments = ["narrator-bench", *map(str, case.make(folder))]
        signal.alarm(SECONDS)
        changed = {name: value.replace("FOLDER", str(folder)) for name, value in case.environment.items()}
        with (
            patch.dict(os.environ, changed), patch.object(sys, "argv", arguments),
            redirect_stdout(out), redirect_stderr(err),
        ):  # fmt: skip
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Hung:
        code = None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        os.chdir(home)
    return Outcome(code, *(stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)))  # type: ignore[attr-defined]
