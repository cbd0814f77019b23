"""A program under a supervisor, which ends all that it started, also when this process is killed."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from narrator.contract import GenerationFailed

_CHECK_EVERY_S = 0.5
_ENDING_S = 20.0
_SUPERVISOR = Path(__file__).with_name("supervisor.py")


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        status: its exit status; minus the signal's number if a signal ended it.
        left: how many processes it left running; they were ended.
    """

    status: int
    left: int


def run(
    arguments: Sequence[str],
    folder: Path,
    log: IO[bytes],
    seconds: float,
    check: Callable[[], None],
    scratch: Path | None = None,
) -> Ended:
    """Run a program to its end.

    Args:
        arguments: the program and its arguments.
        folder: where it runs.
        log: takes what it prints.
        seconds: the longest it may run.
        check: called twice a second; what it raises ends the program.
        scratch: a folder that is removed if this process dies meanwhile.

    Raises:
        GenerationFailed: it cannot be started.
        TimeoutError: it was ended after `seconds`.
    """
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SUPERVISOR)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
    )
    try:
        _send(supervisor, json.dumps({"arguments": list(arguments), "scratch": scratch and str(scratch)}))
        report = _report(supervisor, seconds, check)
    finally:
        _send(supervisor, "stop")
        _end(supervisor)
    if "error" in report:
        raise GenerationFailed(f"the program {arguments[0]!r} cannot be started: {report['error']}")
    return Ended(report["status"], report["left"])


def _report(supervisor: subprocess.Popen[bytes], seconds: float, check: Callable[[], None]) -> dict[str, Any]:
    assert supervisor.stdout is not None
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        if select.select([supervisor.stdout], [], [], min(remaining, _CHECK_EVERY_S))[0]:
            line = supervisor.stdout.read()
            if not line:
                raise GenerationFailed("the process that supervises the program was killed")
            report: dict[str, Any] = json.loads(line)
            return report
        check()
    raise TimeoutError


def _send(supervisor: subprocess.Popen[bytes], line: str) -> None:
    assert supervisor.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended
        supervisor.stdin.write(f"{line}\n".encode())
        supervisor.stdin.flush()


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    """Wait for the supervisor, which has been told to stop; one that hangs on an unkillable process is left."""
    with contextlib.suppress(BrokenPipeError):
        supervisor.stdin.close()  # type: ignore[union-attr]
    with contextlib.suppress(subprocess.TimeoutExpired):
        supervisor.wait(_ENDING_S)
    if supervisor.poll() is None:
        supervisor.kill()
        supervisor.wait()
    supervisor.stdout.close()  # type: ignore[union-attr]
