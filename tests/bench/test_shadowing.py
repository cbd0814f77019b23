"""Another distribution's `metrics` or `bench` in front of ours is noticed and named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import UserMistake
from bench.shadowing import ROOMS, check_rooms


def test_our_own_rooms_pass() -> None:
    check_rooms()


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "bench"])
def test_a_foreign_room_is_named(room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == room]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UserMistake, match=f"'{room}' would be imported from .*{tmp_path.name}"):
        check_rooms()


def test_the_command_line_says_so_before_it_fails(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/__init__.py").write_text("")
    program = Path(sys.executable).with_name("narrator-bench")
    done = subprocess.run(
        [program, "version"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "'metrics' would be imported from" in " ".join(done.stderr.split())
