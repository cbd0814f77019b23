"""Archives at addresses: whole or not at all, verified, and never over another."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from support.archives import finished_run

from bench.errors import UserMistake
from bench.remote import archives
from bench.remote.address import Address
from bench.remote.store import Store

Cli = Callable[..., Any]
TARGET = "memory://bucket/runs/mine.zip"


@pytest.fixture(autouse=True)
def memory() -> Any:
    """An empty store in memory."""
    found = fsspec.filesystem("memory")
    found.store.clear()
    found.pseudo_dirs[:] = [""]
    return found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return finished_run(tmp_path / "run")


def test_a_run_comes_back_from_an_address_as_from_a_file(cli: Cli, run: Path, tmp_path: Path, memory: Any) -> None:
    assert cli("archive", run, tmp_path / "mine.zip").code == 0
    said = cli("archive", run, TARGET)
    assert said.code == 0, said.err
    assert f"Archive: {TARGET}, 5 files" in said.out
    assert memory.cat_file("/bucket/runs/mine.zip") == (tmp_path / "mine.zip").read_bytes()
    assert list(memory.store) == ["/bucket/runs/mine.zip"]  # the temporary name is gone
    said = cli("unpack", TARGET, "--out", tmp_path / "sub/back")
    assert said.code == 0, said.err
    assert sorted(os.listdir(tmp_path / "sub")) == ["back"]
    for path in (tmp_path / "sub/back").iterdir():
        assert path.read_bytes() == (run / path.name).read_bytes()


def test_nothing_is_written_over_and_only_what_can_be_written_to(cli: Cli, run: Path) -> None:
    assert cli("archive", run, TARGET).code == 0
    said = cli("archive", run, TARGET)
    assert (said.code, "exists already" in said.err) == (2, True)
    assert "can only be read" in cli("archive", run, "https://me:hunter2@host/mine.zip").err
    assert "hunter2" not in cli("archive", run, "https://me:hunter2@host/mine.zip?sig=hunter2").err
    assert "taken for a results file" in cli("archive", run, "memory://bucket/mine.json").err


@pytest.mark.parametrize("renames", [True, False])
def test_what_does_not_come_back_as_it_was_leaves_nothing(
    run: Path, memory: Any, monkeypatch: pytest.MonkeyPatch, cli: Cli, renames: bool
) -> None:
    names: list[str] = []
    send = Store.send

    def cut_short(self: Store, source: Path, name: str) -> None:
        names.append(name)
        send(self, source, name)
        memory.pipe_file(name, memory.cat_file(name)[:-1])

    monkeypatch.setattr(Store, "send", cut_short)
    if not renames:
        monkeypatch.setattr("bench.remote.store._RENAMING", frozenset())
    said = cli("archive", run, TARGET)
    assert (said.code, "does not give back what was written" in said.err) == (2, True)
    assert memory.store == {}
    assert (names == ["/bucket/runs/mine.zip"]) == (not renames)


def test_a_run_that_cannot_be_archived_writes_nothing(cli: Cli, tmp_path: Path, memory: Any) -> None:
    (tmp_path / "none").mkdir()
    assert "is no finished run" in cli("archive", tmp_path / "none", TARGET).err
    assert memory.store == {}


def test_damage_is_told_of_the_address_and_leaves_nothing(cli: Cli, run: Path, tmp_path: Path, memory: Any) -> None:
    assert cli("archive", run, TARGET).code == 0
    whole = memory.cat_file("/bucket/runs/mine.zip")
    for damaged in (whole[: len(whole) // 2], b"no archive", whole[:200] + b"\xff" + whole[201:]):
        memory.pipe_file("/bucket/runs/mine.zip", damaged)
        said = cli("unpack", TARGET, "--out", tmp_path / "sub/back")
        assert said.code == 2
        assert f"The archive {TARGET} cannot be used" in said.err
        assert os.listdir(tmp_path / "sub") == []
    memory.rm_file("/bucket/runs/mine.zip")
    assert f"There is no file at {TARGET}" in cli("unpack", TARGET, "--out", tmp_path / "sub/back").err
    memory.pipe_file("/bucket/runs/mine.zip/other", b"")
    assert "is a folder" in cli("unpack", TARGET, "--out", tmp_path / "sub/back").err


def test_what_is_larger_than_the_disk_is_not_begun(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe_file("/bucket/a.zip", b"x")
    monkeypatch.setattr(Store, "own_size", lambda self: 2**60)
    monkeypatch.setattr(Store, "fetch", lambda *_: pytest.fail("fetched"))
    with pytest.raises(UserMistake, match="No room"), archives.fetched(Address("memory://bucket/a.zip"), tmp_path):
        pass


class _Signed(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def send_head(self) -> Any:
        if not self.path.endswith("?sig=hunter2"):
            self.send_error(403)
            return None
        return super().send_head()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Where the folder `www` is served to those who hold the signature."""
    pytest.importorskip("aiohttp")
    (tmp_path / "www").mkdir()
    handler = functools.partial(_Signed, directory=str(tmp_path / "www"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/mine.zip"
        server.shutdown()
        thread.join()


def test_a_signed_link_is_followed_and_not_told(cli: Cli, run: Path, served: str, tmp_path: Path) -> None:
    assert cli("archive", run, tmp_path / "www/mine.zip").code == 0
    said = cli("unpack", f"{served}?sig=hunter2", "--out", tmp_path / "back")
    assert said.code == 0, said.err
    assert (tmp_path / "back/results.json").read_bytes() == (run / "results.json").read_bytes()
    said = cli("unpack", f"{served}?sig=hunter3", "--out", tmp_path / "other")
    assert (said.code, "403" in said.err, "hunter" in said.err) == (2, True, False)


def test_an_archive_goes_to_any_folder_that_fsspec_can_write_to(cli: Cli, run: Path, tmp_path: Path) -> None:
    target = (tmp_path / "far/away/mine.zip").as_uri()
    assert cli("archive", run, target).code == 0
    assert os.listdir(tmp_path / "far/away") == ["mine.zip"]
    assert cli("unpack", target, "--out", tmp_path / "back").code == 0
