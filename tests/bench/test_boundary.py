"""However a command ends: one sentence, an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli import boundary
from bench.cli.app import _Commands, app
from bench.errors import UserMistake
from metrics.weights import WeightsMissing


def raising(error: BaseException) -> Callable[[], int | None]:
    def command() -> int | None:
        raise error

    return command


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UserMistake("No such thing."), 2, "No such thing."),
        (WeightsMissing("no\nweights"), 2, "no weights"),
        (UserMistake("\x1b[31mred"), 2, "[31mred"),
        (KeyboardInterrupt(), 130, "interrupted; what is done is kept: the same command continues."),
        (boundary.Terminated(), 143, "ended by SIGTERM; what is done is kept"),
        (OSError(errno.ENOSPC, "No space left on device", "/runs/a.mp4"), 1, "No space left on the disk: /runs/a.mp4;"),
        (OSError(errno.EROFS, "Read-only file system", "/runs"), 1, "The file system is read-only: /runs;"),
        (PermissionError(errno.EACCES, "Permission denied", "/runs"), 1, "Permission denied: /runs;"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on the disk: "),
        (MemoryError(), 1, "out of memory"),
    ],
)
def test_what_people_or_the_machine_can_mend_is_one_sentence(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert boundary.ended(raising(error)) == code
    told = capsys.readouterr().err
    assert told.startswith("narrator-bench: ")
    assert says in told
    assert told.count("\n") == 1
    assert "\x1b" not in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyError("sizes"), EOFError("No data left in file"), RecursionError("deep")])
def test_an_error_of_ours_is_one_sentence_and_a_report(
    error: Exception, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["narrator-bench", "run", "x\udc80"])
    assert boundary.ended(raising(error)) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"an unexpected error, {type(error).__name__}: " in told
    (report,) = tmp_path.iterdir()
    assert str(report) in told
    content = report.read_text()
    for part in ("Traceback", type(error).__name__, "narrator-bench", "run", "torch", "python: 3."):
        assert part in content


def test_a_report_goes_elsewhere_where_the_folder_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(boundary.Path, "cwd", lambda: tmp_path / "gone")
    assert boundary.ended(raising(KeyError("x"))) == 1
    assert str(tmp_path / "temporary") in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EOFError("empty"), BrokenPipeError(errno.EPIPE, "of a worker")])
def test_the_command_line_library_swallows_nothing(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., object]
) -> None:
    assert app.info.cls is _Commands
    monkeypatch.setattr("bench.environment.package_versions", raising(error))
    outcome = cli("doctor")
    code, told = outcome.code, outcome.err  # type: ignore[attr-defined]
    assert code == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert "Aborted" not in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nope",), "No such command 'nope'. See 'narrator-bench --help'."),
        (("metrics", "lst"), "Did you mean 'list'? See 'narrator-bench metrics --help'."),
        (("run", "demo"), "Missing option '--out'. See 'narrator-bench run --help'."),
        (("--nope",), "No such option: --nope. See"),
    ],
)
def test_a_command_line_that_is_none(arguments: tuple[str, ...], says: str, cli: Callable[..., object]) -> None:
    outcome = cli(*arguments)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)  # type: ignore[attr-defined]
    assert says in outcome.err  # type: ignore[attr-defined]


WAITING = """
import sys, time
from bench.cli.boundary import ended
def command():
    try:
        print("here", flush=True)
        time.sleep(60)
    finally:
        print("cleared away", flush=True)
sys.exit(ended(command))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_clears_away_and_says_so(number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(number)
    said, told = process.communicate(timeout=20)
    assert process.returncode == code
    assert said == "cleared away\n"
    assert told.count("\n") == 1
    assert "what is done is kept" in told


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(program, stderr=subprocess.PIPE, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = run("version", stdout=write)
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_is_said() -> None:
    with open("/dev/full", "w") as full:
        done = run("version", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("narrator-bench: No space left on the disk")
    assert done.stderr.count("\n") == 1


def test_a_broken_installation_is_said(tmp_path: Path) -> None:
    (tmp_path / "typer").mkdir()
    (tmp_path / "typer/__init__.py").write_text("raise SyntaxError('half a file')")
    done = run("version", stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr == "narrator-bench: its installation is broken (SyntaxError: half a file): install it again.\n"


def test_a_second_sigterm_does_not_disturb_the_clearing_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING.replace('print("cleared', 'time.sleep(1); print("cleared')],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    time.sleep(0.3)
    process.terminate()
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, said) == (143, "cleared away\n")
