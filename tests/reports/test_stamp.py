"""A report that stands is not drawn again; one that something of it, or of what it is drawn from, differs in is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import reports
from reports import rows
from reports import stamp as stamps
from reports.report import READ, STAMP
from reports.results import Results
from reports.stamp import Stamp
from reports.writing import write, write_bytes

Change = Callable[[Path], object]
PARTS = ("report/tables/scores.md", "report/figures/scores.png", "report/index.html")


def drawn(run: Path) -> Path:
    """A folder that something was drawn from and below; the stamp holds."""
    write(run / "results.json", "[1]")
    stamp = stamped(run)
    with stamp.renewed():
        for name in PARTS:
            write_bytes(run / name, b"drawn")
    assert holds(run)
    return run


def stamped(run: Path) -> Stamp:
    return Stamp(run, STAMP, READ)


def holds(run: Path) -> bool:
    return stamped(run).holds(run / PARTS[-1])


def edited_in_secret(path: Path) -> None:
    """Other bytes, as many, with the time of the change put back."""
    known = path.stat()
    path.write_bytes(b"Drawn")
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def replaced(path: Path, make: Change) -> None:
    path.unlink()
    make(path)


def stamp_says(change: Callable[[dict[str, object]], object]) -> Change:
    def changed(run: Path) -> None:
        content = json.loads((run / STAMP).read_text())
        change(content)
        (run / STAMP).write_text(json.dumps(content))

    return changed


CHANGES: dict[str, Change] = {
    **{f"{name} differs": lambda run, name=name: write(run / name, "[2]") for name in READ},
    "no results": lambda run: (run / "results.json").unlink(),
    "a folder for a list of traces": lambda run: (run / "traces.json").mkdir(),
    "a FIFO for a profile": lambda run: os.mkfifo(run / "profile.json"),
    "a link to nothing for costs": lambda run: (run / "costs.json").symlink_to("nowhere"),
    "a table is gone": lambda run: (run / PARTS[0]).unlink(),
    "a figure is cut short": lambda run: (run / PARTS[1]).write_bytes(b"dra"),
    "the page is edited": lambda run: edited_in_secret(run / PARTS[2]),
    "the page is of equal bytes, but not ours": lambda run: (run / PARTS[2]).write_bytes(b"drawn"),
    "the page is a link": lambda run: replaced(run / PARTS[2], lambda page: page.symlink_to("tables/scores.md")),
    "the page is a FIFO": lambda run: replaced(run / PARTS[2], os.mkfifo),
    "the report is gone": lambda run: shutil.rmtree(run / "report"),
    "the stamp is gone": lambda run: (run / STAMP).unlink(),
    "the stamp is empty": lambda run: (run / STAMP).write_bytes(b""),
    "the stamp is cut short": lambda run: (run / STAMP).write_bytes((run / STAMP).read_bytes()[:-9]),
    "the stamp is a list": lambda run: (run / STAMP).write_text("[]"),
    "the stamp is nested too deep": lambda run: (run / STAMP).write_text("[" * 200_000),
    "the stamp is no text": lambda run: (run / STAMP).write_bytes(b"\xff\xfe"),
    "the stamp is large": lambda run: (run / STAMP).write_text((run / STAMP).read_text() + " " * (1 << 20)),
    "the stamp is a link": lambda run: (run / STAMP).rename(run / "s") and (run / STAMP).symlink_to("s"),
    "the stamp is a FIFO": lambda run: replaced(run / STAMP, os.mkfifo),
    "the stamp names no page": stamp_says(lambda told: told["files"].pop(PARTS[2])),
    "the stamp names no files": stamp_says(lambda told: told.pop("files")),
    "the stamp has a list of files": stamp_says(lambda told: told.update(files=list(PARTS))),
    "the stamp names an impossible file": stamp_says(lambda told: told["files"].update({"a\0b": [1, "2", 3]})),
    "the stamp is of other origin": stamp_says(lambda told: told.update({"from": None})),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_voids_a_stamp(change: Change, tmp_path: Path) -> None:
    change(drawn(tmp_path))
    assert not holds(tmp_path)


def test_a_copy_is_drawn_where_it_lies(tmp_path: Path) -> None:
    """A page that a stranger made, with a stamp that says so, passes for none of ours."""
    drawn(tmp_path / "theirs")
    subprocess.run(["cp", "-a", tmp_path / "theirs", tmp_path / "mine"], check=True)
    assert holds(tmp_path / "theirs")
    assert not holds(tmp_path / "mine")


@pytest.mark.parametrize("part", ["_sources", "_versions"])
def test_other_code_or_other_packages_void_a_stamp(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, found = drawn(tmp_path), getattr(stamps, part)()
    assert {"stamp.py", "page.html", "page.js", "page.css"} <= found.keys() or "matplotlib" in found
    for name in found:
        monkeypatch.setattr(stamps, part, lambda name=name: found | {name: "another"})
        assert not holds(run), name


def test_what_changes_while_a_report_is_drawn_is_drawn_the_next_time(tmp_path: Path) -> None:
    with stamped(tmp_path).renewed():
        write(tmp_path / PARTS[-1], "drawn")
        write(tmp_path / "costs.json", "[]")
    assert not holds(tmp_path)


def test_drawing_that_ends_early_leaves_no_stamp_that_holds(tmp_path: Path) -> None:
    run = drawn(tmp_path)
    write(run / "results.json", "[2]")
    with contextlib.suppress(KeyboardInterrupt), stamped(run).renewed():
        write(run / PARTS[0], "drawn from [2]")
        raise KeyboardInterrupt
    assert not holds(run)
    write(run / "results.json", "[1]")  # as they were, but a table is not
    assert not holds(run)


DRAW = """
import os, signal, sys
from pathlib import Path
run, kill_at = Path(sys.argv[1]), int(sys.argv[2])
opened, written = set(), 0

def heard(event, told):
    global written
    if event == "open" and str(told[0]).startswith(f"{run}/") and not told[2] & os.O_CREAT:
        opened.add(os.path.relpath(told[0], run))
    if event == "os.rename":
        written += 1
        if written == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(heard)
import reports
reports.render(run)
print(*sorted(opened), sep=",")
print(*[name for name in ("matplotlib", "vl_convert", "pandas", "torch") if name in sys.modules])
"""


def drawing(run: Path, kill_at: int = 0) -> subprocess.CompletedProcess[str]:
    """Render in a process of its own, which kills itself before the file of that number is in its place."""
    return subprocess.run(
        [sys.executable, "-c", DRAW, str(run), str(kill_at)], capture_output=True, text=True, check=False
    )


def files(run: Path) -> dict[str, bytes]:
    """What lies in the report, what a kill left behind apart."""
    found = [path for path in (run / "report").rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(run)): path.read_bytes() for path in found}


def test_nothing_is_drawn_twice_and_all_that_is_read_is_known(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_INSIDE", 0)
    results.write(tmp_path / "results.json")
    write(tmp_path / "traces.json", "{}")
    write(tmp_path / "profile.json", '{"schema": 1}')
    first = drawing(tmp_path)
    assert first.returncode == 0, first.stderr
    opened, imported = first.stdout.splitlines()
    assert set(opened.split(",")) == set(READ)
    assert imported == "matplotlib vl_convert pandas"
    before, since = files(tmp_path), (tmp_path / "report/index.html").stat().st_ctime_ns
    assert drawing(tmp_path).stdout.splitlines()[1] == ""
    assert files(tmp_path) == before
    assert (tmp_path / "report/index.html").stat().st_ctime_ns == since
    (tmp_path / STAMP).unlink()
    reports.render(tmp_path)
    assert files(tmp_path) == before
    assert (tmp_path / "report/index.html").stat().st_ctime_ns > since


def test_a_report_whose_drawing_was_killed_is_drawn_anew(results: Results, tmp_path: Path) -> None:
    for name in ("whole", "early", "late"):
        results.model_copy(update={"profiles": ()}).write(tmp_path / name / "results.json")
    reports.render(tmp_path / "whole")
    whole = files(tmp_path / "whole")
    for name, written in (("early", 3), ("late", len(whole))):  # the stamp alone lacks in the end
        assert drawing(tmp_path / name, written + 1).returncode == -signal.SIGKILL
        assert len(files(tmp_path / name)) == written
        reports.render(tmp_path / name)
        assert files(tmp_path / name) == whole
        assert Stamp(tmp_path / name, STAMP, READ).holds(tmp_path / name / "report/index.html")
