"""Datasets at addresses, mirrored: what is fetched, what is refused, what survives a kill, and what nobody learns."""

from __future__ import annotations

import functools
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.folder_study import folder_study

from bench.errors import UserMistake
from bench.paths import written_path
from bench.remote import mirror as mirroring
from bench.remote.address import Address
from bench.remote.mirror import Mirror, mirror, mirrored
from bench.remote.names import objection, refuse_clashes
from bench.remote.store import Store
from bench.run.selection import load_index
from bench.study import DatasetChoice

Cli = Callable[..., Any]
BUCKET = "memory://bucket/clips"


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of the test's own, and an empty store in memory."""
    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NARRATOR_BENCH_OFFLINE", raising=False)
    monkeypatch.setattr(mirroring, "PAUSE", 0.0)
    mirrored.cache_clear()
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield
    mirrored.cache_clear()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were fetched, in no order."""
    names: list[str] = []
    fetch = Store.fetch

    def noted(self: Store, name: str, target: Path) -> None:
        names.append(name.rpartition("/")[2])
        fetch(self, name, target)

    monkeypatch.setattr(Store, "fetch", noted)
    return names


def put(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        fsspec.filesystem("memory").pipe_file(f"/bucket/clips/{name}", content)


def held(found: Mirror) -> dict[str, bytes]:
    return {path.relative_to(found.root).as_posix(): path.read_bytes() for path in found.root.rglob("*.*")}


def lists(monkeypatch: pytest.MonkeyPatch, *names: str, **info: Any) -> None:
    """The store in memory lists these names below the folder, whatever it holds."""
    found = {f"/bucket/clips/{name}": {"size": 1, "created": 1, **info} for name in names}
    monkeypatch.setattr(Store, "files", lambda self: found)


def test_only_what_is_new_or_changed_is_fetched_and_what_is_gone_vanishes(taken: list[str]) -> None:
    put({"a.mp4": b"1", "deep/er/b.txt": b"2", "c.exe": b"3", ".hidden/d.mp4": b"4", "weights.pt": b"5"})
    first = mirror(Address(BUCKET))
    assert held(first) == {"a.mp4": b"1", "deep/er/b.txt": b"2"}
    assert first.root.parts[-2:] == ("bucket", "clips")  # layouts are told by the names of folders
    assert sorted(taken) == ["a.mp4", "b.txt"]

    taken.clear()
    assert mirror(Address(BUCKET)).objects == first.objects
    assert taken == []

    put({"a.mp4": b"9", "new.mp4": b"6"})  # of the same size: only the store's stamp tells
    fsspec.filesystem("memory").rm_file("/bucket/clips/deep/er/b.txt")
    second = mirror(Address(BUCKET))
    assert held(second) == {"a.mp4": b"9", "new.mp4": b"6"}
    assert sorted(taken) == ["a.mp4", "new.mp4"]
    assert not (second.root / "deep").exists()
    assert second.summary()["listing"] != first.summary()["listing"]


def test_a_file_that_was_touched_in_the_mirror_is_fetched_again(taken: list[str]) -> None:
    put({"a.mp4": b"right", "b.mp4": b"right"})
    found = mirror(Address(BUCKET))
    (found.root / "a.mp4").write_bytes(b"wrong")
    (found.root / "stranger.mp4").write_bytes(b"not of the store")
    taken.clear()
    assert held(mirror(Address(BUCKET))) == {"a.mp4": b"right", "b.mp4": b"right"}
    assert taken == ["a.mp4"]


def test_a_folder_may_become_a_file_and_back(taken: list[str]) -> None:
    memory = fsspec.filesystem("memory")
    put({"x.mp4/y.txt": b"1", "z.txt": b"2"})
    assert set(mirror(Address(BUCKET)).objects) == {"x.mp4/y.txt", "z.txt"}
    memory.rm("/bucket/clips/x.mp4", recursive=True)
    put({"x.mp4": b"1"})
    assert set(mirror(Address(BUCKET)).objects) == {"x.mp4", "z.txt"}


def test_a_store_that_tells_no_change_is_fetched_every_time(monkeypatch: pytest.MonkeyPatch, taken: list[str]) -> None:
    put({"a.mp4": b"1"})
    monkeypatch.setattr(Store, "details", lambda self, name, info: (1, {}))
    for _ in range(2):
        assert held(mirror(Address(BUCKET))) == {"a.mp4": b"1"}
    assert taken == ["a.mp4"] * 2


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["../out.mp4"], "it would leave the folder"),
        (["a/../../out.mp4"], "it would leave the folder"),
        (["/etc/out.mp4"], "it would leave the folder"),
        (["a//b.mp4"], "is empty or '.'"),
        (["a\\..\\b.mp4"], "another folder's"),
        (["C:b.mp4"], "another folder's"),
        (["a\nb.mp4"], "U+000A"),
        (["a\0.mp4"], "U+0000"),
        (["\udcff.mp4"], "U+DCFF"),
        (["x" * 300 + ".mp4"], "longer than 255 bytes"),
        (["A.mp4", "a.mp4"], "some disks take for one"),
        (["One/a.mp4", "one/b.mp4"], "some disks take for one"),
        (["\u00e9.mp4", "e\u0301.mp4"], "some disks take for one"),
        (["a.mp4", "a.mp4/b.mp4"], "as a file and as a folder"),
    ],
)
def test_hostile_listings_are_refused_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, taken: list[str], names: list[str], said: str
) -> None:
    lists(monkeypatch, *names)
    with pytest.raises(UserMistake) as mistake:
        mirror(Address(BUCKET))
    assert said in str(mistake.value)
    assert len(str(mistake.value).splitlines()) == 1
    assert taken == []
    assert not [path for path in tmp_path.rglob("*.mp4")]


def test_names_outside_the_folder_and_empty_listings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "files", lambda self: {"/bucket/clips-of-another/a.mp4": {"size": 1}})
    with pytest.raises(UserMistake, match="outside the folder"):
        mirror(Address(BUCKET))
    monkeypatch.undo()
    with pytest.raises(UserMistake, match="no file at memory://bucket/clips"):
        mirror(Address(BUCKET))
    put({"readme.md": b""})
    with pytest.raises(UserMistake, match="no file of a kind"):
        mirror(Address(BUCKET))
    with pytest.raises(UserMistake, match="is a file: name the folder"):
        mirror(Address(f"{BUCKET}/readme.md"))


@given(st.lists(st.text(st.sampled_from("aA./\\:\0é\u0301ß"), min_size=1, max_size=8), min_size=1, max_size=6))
def test_names_that_pass_lie_below_the_folder_each_for_itself(names: list[str]) -> None:
    usable = sorted({name for name in names if objection(name) is None})
    try:
        refuse_clashes("x", usable)
    except UserMistake:
        return
    root = "/root/of/it"
    places = {os.path.normpath(os.path.join(root, name)) for name in usable}
    assert all(place.startswith(root + "/") for place in places)
    assert len({place.casefold() for place in places}) == len(usable)


def test_a_size_that_is_not_the_listed_one_is_no_file(monkeypatch: pytest.MonkeyPatch, taken: list[str]) -> None:
    put({"a.mp4": b"12345"})
    monkeypatch.setattr(Store, "details", lambda self, name, info: (9, {"etag": "x"}))
    with pytest.raises(UserMistake, match=r"gave 5 bytes of 'a.mp4', which has 9: what has arrived is kept"):
        mirror(Address(BUCKET))
    assert len(taken) == mirroring.ATTEMPTS


@pytest.mark.parametrize("size", [-1, True, "7", None, 2**70])
def test_sizes_that_are_none_are_not_believed(monkeypatch: pytest.MonkeyPatch, size: Any) -> None:
    put({"a.mp4": b"1"})
    lists(monkeypatch, "a.mp4", size=size)
    if size == 2**70:
        with pytest.raises(UserMistake, match="has room for"):
            mirror(Address(BUCKET))
    else:
        assert held(mirror(Address(BUCKET))) == {"a.mp4": b"1"}


def test_without_a_connection_a_complete_mirror_serves_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, taken: list[str]
) -> None:
    monkeypatch.setenv("NARRATOR_BENCH_OFFLINE", "1")
    with pytest.raises(UserMistake, match="no complete mirror on this machine and NARRATOR_BENCH_OFFLINE is set"):
        mirror(Address(BUCKET))
    monkeypatch.delenv("NARRATOR_BENCH_OFFLINE")
    put({"a.mp4": b"1"})
    found = mirror(Address(BUCKET))

    class Gone(Exception):
        pass

    def gone(*_: Any, **__: Any) -> None:
        raise Gone("cannot resolve https://me:hunter2@host/x?sig=hunter2")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "find", gone)
    with pytest.raises(UserMistake) as mistake:
        mirror(Address(BUCKET))
    assert f"the mirror of {found.listed} is complete, NARRATOR_BENCH_OFFLINE=1 takes it" in str(mistake.value)
    assert "hunter2" not in str(mistake.value)
    monkeypatch.setenv("NARRATOR_BENCH_OFFLINE", "1")
    assert mirror(Address(BUCKET)) == found
    (found.root / "a.mp4").unlink()
    with pytest.raises(UserMistake, match="no complete mirror"):
        mirror(Address(BUCKET))


_SLOW = """
import sys, time
from pathlib import Path
from bench.remote.store import Store
from bench.remote.mirror import mirror
from bench.remote.address import Address
fetch = Store.fetch
def slow(self, name, target):
    fetch(self, name, target)
    if name[-5] not in "012":
        with target.open("r+b") as file:
            file.truncate(3)
        print("in hand", flush=True)
        time.sleep(60)
Store.fetch = slow
mirror(Address(sys.argv[1]))
"""


def test_a_mirror_that_is_killed_goes_on_where_it_was(tmp_path: Path, taken: list[str]) -> None:
    (tmp_path / "store").mkdir()
    wanted = {f"{number}.mp4": bytes([number]) * 1000 for number in range(9)}
    for name, content in wanted.items():
        (tmp_path / "store" / name).write_bytes(content)
    address = (tmp_path / "store").as_uri()
    process = subprocess.Popen([sys.executable, "-c", _SLOW, address], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(6):  # all that are not fetched at once
        process.stdout.readline()
    cache, deadline = tmp_path / "cache", time.monotonic() + 60
    while sum(path.read_bytes().count(b"}\n") for path in cache.rglob("fetched.jsonl")) < 3:  # the others have arrived
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (journal,) = cache.rglob("fetched.jsonl")
    with journal.open("ab") as file:
        file.write(b'\n{"place": "8.mp4", "si')  # as a machine that was switched off leaves it
    found = mirror(Address(address))
    assert held(found) == wanted
    assert sorted(taken) == [f"{number}.mp4" for number in range(3, 9)]
    assert list((journal.parent / "incoming").iterdir()) == []
    assert [json.loads(line)["place"] for line in journal.read_text().splitlines()] == sorted(wanted)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and where it is served."""
    pytest.importorskip("aiohttp")
    (tmp_path / "www").mkdir()
    handler = functools.partial(_Quiet, directory=str(tmp_path / "www"))
    _Quiet.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield tmp_path / "www", f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_folder_behind_http_is_mirrored(served: tuple[Path, str]) -> None:
    folder, host = served
    (folder / "set/deep er").mkdir(parents=True)
    (folder / "set/deep er/RD_a#1 é.mp4").write_bytes(b"1")
    (folder / "set/b.txt").write_bytes(b"two")
    (folder / "set/c.bin").write_bytes(b"x")
    address = Address(f"http://me:hunter2@{host}/set/")
    found = mirror(address)
    assert held(found) == {"deep er/RD_a#1 é.mp4": b"1", "b.txt": b"two"}
    assert found.root.name == "set"
    assert "hunter2" not in repr((found, address))
    assert not [path for path in (folder.parent / "cache").rglob("*.json*") if "hunter2" in path.read_text()]
    _Quiet.asked.clear()
    (folder / "set/b.txt").write_bytes(b"2.0")
    os.utime(folder / "set/b.txt", (0, 0))
    assert held(mirror(address))["b.txt"] == b"2.0"
    assert [path for path in _Quiet.asked if path.endswith((".mp4", ".txt"))] == ["/set/b.txt"]


def test_links_out_of_a_page_are_not_followed(served: tuple[Path, str]) -> None:
    folder, host = served
    (folder / "secret.mp4").write_bytes(b"s")
    (folder / "set").mkdir()
    links = ["a.mp4", "../secret.mp4", "/secret.mp4", "http://example.invalid/x.mp4", "a.mp4?C=N;O=D"]
    (folder / "set/a.mp4").write_bytes(b"1")
    (folder / "set/index.html").write_text("".join(f'<a href="{link}">x</a>' for link in links))
    with pytest.raises(UserMistake, match=r"lists '\.\./secret\.mp4', which is refused: it would leave the folder"):
        mirror(Address(f"http://{host}/set"))
    (folder / "set/index.html").write_text("".join(f'<a href="{link}">x</a>' for link in [links[0], *links[2:]]))
    assert held(mirror(Address(f"http://{host}/set"))) == {"a.mp4": b"1"}


def test_what_is_lacking_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("s3fs", "gcsfs"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(fsspec.registry.target if hasattr(fsspec.registry, "target") else {}, "s3", raising=False)
    with pytest.raises(UserMistake, match="needs a package that is not installed: pip install 's3fs'"):
        mirror(Address("s3://bucket/clips"))
    with pytest.raises(UserMistake, match="needs a package that is not installed: pip install 'gcsfs'"):
        mirror(Address("gs://bucket/clips"))
    with pytest.raises(UserMistake, match=r"scheme that fsspec does not know\. Did you mean: memory"):
        mirror(Address("memori://bucket/clips"))
    with pytest.raises(UserMistake, match=r"has a '\?'"):
        mirror(Address("https://host/clips?token=1"))
    with pytest.raises(UserMistake, match="an address"):
        written_path("s3://me:hunter2@bucket/x", "--cache")


def test_a_run_tells_which_objects_it_used(cli: Cli, clips: Path, tmp_path: Path) -> None:
    for path in clips.iterdir():
        put({path.name: path.read_bytes()})
    (tmp_path / "remote.yaml").write_text(yaml.safe_dump(folder_study(BUCKET)))
    said = cli("run", tmp_path / "remote.yaml", "--out", tmp_path / "remote", "--workers", "1")
    assert said.code == 0, said.err
    (cell,) = json.loads((tmp_path / "remote/results.json").read_text())["cells"]
    assert cell["n"] == 2
    environment = json.loads((tmp_path / "remote/environment.json").read_text())
    source = json.loads((tmp_path / "remote/sources/made.json").read_text())
    assert environment["sources"]["made"]["address"] == source["address"] == BUCKET
    assert environment["sources"]["made"]["objects"] == len(source["objects"]) == len(list(clips.iterdir()))
    assert source["objects"]["clip0.mp4"]["size"] == (clips / "clip0.mp4").stat().st_size
    assert source["objects"]["clip0.mp4"]["stamp"]["created"]
    said = cli("data", "verify", "folder", BUCKET)
    assert said.code == 0, said.err
    assert "4 usable clips" in said.out


def test_a_dataset_of_another_package_says_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.datasets.folder import Folder

    put({"a.mp4": b"1", "a.npz": b"2", "a.txt": b"3"})
    monkeypatch.setattr(Folder, "reads", (".mp4", ".npz"), raising=False)
    index = load_index(DatasetChoice(name="folder", plugin="folder", root=Address(BUCKET)))
    assert sorted(path.name for path in index.root.iterdir()) == ["a.mp4", "a.npz"]
