"""The one place where whatever ends a command early becomes one sentence and an exit code.

0 done; 1 failed, though the user made no mistake; 2 the user's mistake; 3 `gate` found no regression but could not
measure everything; 130 interrupted; 143 ended by SIGTERM.
Imports nothing but the standard library, so that it holds also where the installation does not.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import distributions
from pathlib import Path
from types import FrameType

from bench.errors import shown, without_secrets

FAILED, MISTAKEN, INTERRUPTED, TERMINATED = 1, 2, 130, 143
KEPT = "what is done is kept: the same command continues"

_MISTAKES = {"UserMistake", "WeightsError", "UnreadableClip", "ResultsError", "CheckpointError"}
"""By their names, because the modules of most are not imported before a command needs them."""

_MACHINE = {
    errno.ENOSPC: "No space left on the disk",
    errno.EDQUOT: "The disk quota is used up",
    errno.EROFS: "The file system is read-only",
    errno.EACCES: "Permission denied",
    errno.EPERM: "Operation not permitted",
    errno.EIO: "The disk or network drive has an error",
    errno.EMFILE: "Too many open files",
    errno.ENFILE: "Too many open files",
    errno.EFBIG: "File too large",
    errno.ENOMEM: "Out of memory",
    errno.ENAMETOOLONG: "The name is too long",
    errno.ELOOP: "The links lead in a circle",
}
_LITTLE_SPACE = 16 << 20


class BrokenInstallation(Exception):
    """A module of ours, or one that we need, cannot be imported."""


class Wrapped(Exception):
    """Carries, as its cause, what the command-line library would have swallowed."""


class Terminated(BaseException):
    """SIGTERM arrived: a scheduler, a time limit or a container ends the process."""


def ended(command: Callable[[], int | None]) -> int:
    """Run a command to its end, good or bad, and return its exit code; what went wrong is told on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to end
    try:
        with _terminable():
            code = command() or 0
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
    except Wrapped as wrapped:
        return _told(wrapped.__cause__ or wrapped)
    except (Exception, KeyboardInterrupt, Terminated) as error:
        return _told(error)


def say(sentence: str) -> None:
    """One sentence on stderr, if there is one."""
    with suppress(OSError, ValueError, AttributeError):
        print(f"narrator-bench: {shown(sentence, 4000)}", file=sys.stderr, flush=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM raises `Terminated` once in the main thread, so that files and worker processes are cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        say(f"interrupted; {KEPT}.")
        return INTERRUPTED
    if isinstance(error, Terminated):
        say(f"ended by SIGTERM; {KEPT}.")
        return TERMINATED
    if isinstance(error, BrokenPipeError) and _reader_is_gone():
        return FAILED
    if any(base.__name__ in _MISTAKES for base in type(error).__mro__):
        say(str(error))
        return MISTAKEN
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # of the command-line library
        return _told_usage(error)
    if isinstance(error, BrokenInstallation):
        say(f"its installation is broken ({_named(error.__cause__ or error)}): install it again.")
        return FAILED
    if isinstance(error, OSError) and error.errno in _MACHINE:
        say(f"{_MACHINE[error.errno]}: {_place(error)}; {KEPT} once that is mended.")
        return FAILED
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        say(f"out of memory; {KEPT}, with fewer --workers it takes less.")
        return FAILED
    say(f"an unexpected error, {_named(error)}; {_reported(error)}.")
    return FAILED


def _told_usage(error: BaseException) -> int:
    """A command line that is none: its mistake, or the help where no command was named."""
    message = str(error.format_message())  # type: ignore[attr-defined]
    if "\n" in message.strip():
        print(message, file=sys.stderr)
        return MISTAKEN
    context = getattr(error, "ctx", None)
    program = context.command_path if context is not None else "narrator-bench"
    sentence = message.rstrip(".")
    say(f"{sentence}{'' if sentence.endswith('?') else '.'} See '{program} --help'.")
    return MISTAKEN


def _reader_is_gone() -> bool:
    """Whether nobody reads the output any more (`| head`); what is left of it then goes nowhere."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _named(error: BaseException) -> str:
    return shown(f"{type(error).__name__}: {error}").rstrip(".: ")


def _place(error: OSError) -> str:
    """The file that an error of the machine names, or the full disks among those that a command writes to."""
    if error.filename is not None:
        return str(error.filename)
    folders = {Path.cwd(), Path(tempfile.gettempdir()), *(Path(a) for a in sys.argv[1:] if os.path.isdir(a))}
    full = sorted(str(folder) for folder in folders if shutil.disk_usage(folder).free < _LITTLE_SPACE)
    return ", ".join(full) or "where the command writes"


def _reported(error: BaseException) -> str:
    """Write what is needed to mend an error of ours; say where it stands."""
    name = f"narrator-bench-error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    installed = sorted({f"{d.metadata['Name']} {d.version}" for d in distributions() if d.metadata["Name"]})
    content = "\n".join([
        f"command: {sys.argv}",
        f"python: {platform.python_version()} on {platform.platform()}",
        "",
        "".join(traceback.format_exception(error)).rstrip(),
        "",
        *installed,
    ])  # fmt: skip
    for folder in (Path.cwd, lambda: Path(tempfile.gettempdir())):
        with suppress(OSError):
            path = folder() / name
            with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(without_secrets(content) + "\n")
            return f"please send us {path}, which says what we need to mend it"
    return f"no report could be written; it came from {traceback.extract_tb(error.__traceback__)[-1:]}"
