"""Runs one program and ends everything it started: when it ends, when it is told to, and when its caller dies.

A program of its own, of the standard library alone, started by `baselines.command`. Its standard input is one line of
JSON, the program's arguments and a scratch folder or null, and then stays open: a second line asks it to end the
program, and the end of the input means that the caller has died, so that the scratch folder goes as well. Its standard
output is one line of JSON: `{"status": ...}` as in `subprocess` or `{"error": ...}`, with `"left"`, how many processes
outlived the program. What the program prints goes to the supervisor's standard error.

On Linux the supervisor adopts orphans, so that children in sessions of their own are found too; elsewhere only the
program's own session is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"
_CHECK_EVERY_S = 0.05
_GRACE_S = 2.0
_UNKILLABLE_S = 10.0


def main() -> None:
    """Run the program that standard input names."""
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, lambda *_: None)  # ends with its caller or its program; a handler is not inherited
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    line, _, more = _read().partition(b"\n")
    if more or not line:
        return  # told to stop, or abandoned, before anything ran
    request = json.loads(line)
    try:
        program = subprocess.Popen(
            request["arguments"], stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True
        )
    except (OSError, ValueError) as error:  # ValueError: NUL bytes or lone surrogates
        _report(error=error.strerror or str(error) if isinstance(error, OSError) else str(error))
        return
    status, abandoned = _wait(program.pid)
    left = _end_all(program.pid)
    if abandoned and request["scratch"]:
        shutil.rmtree(request["scratch"], ignore_errors=True)
    _report(status=status, left=left)


def _read() -> bytes:
    """Standard input up to a line's end; nothing where it ended before."""
    content = b""
    while b"\n" not in content:
        if not (part := os.read(0, 1 << 16)):
            return b""
        content += part
    return content


def _report(**content: object) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(content).encode())


def _wait(program: int) -> tuple[int | None, bool]:
    """The program's exit status, None if it was not waited for, and whether the caller has died."""
    while True:
        if (status := _reaped(program)) is not None:
            return status, False
        if select.select([0], [], [], _CHECK_EVERY_S)[0]:
            return None, not os.read(0, 1)


def _reaped(program: int) -> int | None:
    """Reap every child that has ended; the program's exit status if it was among them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == program:
                status = os.waitstatus_to_exitcode(ended[1])
    return status


def _end_all(program: int) -> int:
    """End all that still runs, first with SIGTERM, then with SIGKILL; how many processes there were, besides `program`.

    Stopped before they are killed, none can start another in between.
    """
    running = _descendants(program)
    _send(signal.SIGTERM, running)
    _wait_for_none(program, _GRACE_S)
    stopped: set[int] = set()
    while (found := _descendants(program)) - stopped:
        _send(signal.SIGSTOP, found)
        stopped |= found
    _send(signal.SIGKILL, stopped)
    _wait_for_none(program, _UNKILLABLE_S)
    return len(running - {program})


def _wait_for_none(program: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _reaped(program)
        if not _descendants(program):
            return
        time.sleep(_CHECK_EVERY_S / 5)


def _send(wanted: signal.Signals, processes: set[int]) -> None:
    send = os.kill if _LINUX else os.killpg
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(process, wanted)


def _descendants(program: int) -> set[int]:
    """Processes below this one that have not ended; where they cannot be listed, the program while its group lives."""
    if not _LINUX:
        try:
            os.killpg(program, 0)
        except (ProcessLookupError, PermissionError):
            return set()
        return {program}
    parents, ended = {}, set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                parents[int(entry.name)] = int(parent)
                if state in "ZX":
                    ended.add(int(entry.name))
    found = {os.getpid()}
    while below := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= below
    return found - ended - {os.getpid()}


if __name__ == "__main__":
    main()
