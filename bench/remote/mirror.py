"""A folder of a store, mirrored into the cache: what is new or has changed is fetched, what is gone vanishes.

Below `mirrors/DIGITS` in the cache folder lie the files, in folders named as the address ends (a dataset's layout may
be told by the names of its folders); `fetched.jsonl`, a line for each file that has arrived; `complete.json` while
nothing is missing; and `incoming`, files on their way. A file takes its place by a rename, so a mirror that is killed
goes on where it was; files in hand are fetched again.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from bench import fingerprint
from bench.datasets.soundtracks import SOUND_SUFFIXES
from bench.datasets.tree import VIDEO_SUFFIXES
from bench.errors import UserMistake, shown, without_secrets
from bench.files import read_json, write_json
from bench.media.image import IMAGE_SUFFIXES
from bench.remote.address import Address
from bench.remote.names import objection, refuse_clashes
from bench.remote.store import Store, StoreError
from metrics.weights import cache_folder

KINDS = frozenset({*VIDEO_SUFFIXES, *SOUND_SUFFIXES, *IMAGE_SUFFIXES, ".txt", ".csv", ".tsv", ".json"})
"""Files that datasets read, by their suffixes."""
AT_ONCE = 8
"""Files on their way at a time."""
ATTEMPTS = 3
PAUSE = 1.0
"""Seconds before a file is tried again; twice as long before the third time."""
_LEVELS = 4
"""Names at the end of an address that a dataset's layout may look at."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class RemoteFile:
    """An object as it is listed.

    Attributes:
        name: in the store.
        size: bytes, None if the store does not tell.
        stamp: what changes with its content, for example its etag; empty if the store tells nothing.
    """

    name: str
    size: int | None
    stamp: Mapping[str, str]


@dataclass(frozen=True)
class Mirror:
    """A mirror in which nothing is missing.

    Attributes:
        address: of what is mirrored, without secrets.
        root: the folder.
        listed: when the store was listed, UTC.
        objects: size and stamp of each file by its place.
    """

    address: str
    root: Path
    listed: str
    objects: Mapping[str, Mapping[str, Any]]

    def summary(self) -> dict[str, Any]:
        """What stands in a run's environment: address, number of objects, their bytes, and a hash of all stamps."""
        sizes = [told["size"] for told in self.objects.values()]
        digest = fingerprint.of_json(self.objects)
        return {"address": self.address, "objects": len(sizes), "bytes": sum(sizes), "listing": digest}

    def record(self) -> dict[str, Any]:
        """All objects as a file of a run keeps them."""
        return {"address": self.address, "listed": self.listed, "objects": self.objects}


@functools.lru_cache(maxsize=64)
def mirrored(address: Address, kinds: frozenset[str] = KINDS) -> Mirror:
    """As `mirror`, once per process: all parts of a command read the same state."""
    return mirror(address, kinds)


def mirror(address: Address, kinds: frozenset[str] = KINDS) -> Mirror:
    """Bring a mirror up to date. With NARRATOR_BENCH_OFFLINE set a complete one is taken as it stands.

    Args:
        address: of a folder; without what follows a question mark.
        kinds: suffixes of the files to fetch, in lower case; hidden files are left out.

    Raises:
        UserMistake: there is no such folder, nothing of these kinds, or a name that cannot stand on a disk.
        StoreError: the store cannot be reached, or a file cannot be fetched.
    """
    if address.has_query:
        raise UserMistake(f"{address} has a '?': a folder's address may hold none; see docs/scale.md for credentials.")
    mark = fingerprint.of_json([str(address), sorted(kinds)])[:16]
    home = cache_folder() / "mirrors" / mark
    tail = address.parts[-_LEVELS:]
    names = tail if tail and not any(objection(name) for name in tail) else ("files",)
    place = _Place(address, home, home.joinpath("files", *names), kinds)
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home / "lock"):
        if os.environ.get("NARRATOR_BENCH_OFFLINE"):
            if (kept := place.complete()) is None:
                raise UserMistake(
                    f"{address} has no complete mirror on this machine and NARRATOR_BENCH_OFFLINE is set: unset it, "
                    "or name a local folder."
                )
            return kept
        try:
            return place.updated()
        except StoreError as error:
            kept = place.complete()
            way = (
                f"the mirror of {kept.listed} is complete, NARRATOR_BENCH_OFFLINE=1 takes it as it stands"
                if kept
                else "what has arrived is kept, the same command goes on"
            )
            raise StoreError(f"{error}: {way}.") from error


@dataclass(frozen=True)
class _Place:
    """A mirror on this disk."""

    address: Address
    home: Path
    root: Path
    kinds: frozenset[str]

    def complete(self) -> Mirror | None:
        """The mirror if nothing of it is missing or was touched."""
        told = read_json(self._complete)
        if not isinstance(told, dict) or told.get("address") != str(self.address):
            return None
        arrived = self._arrived()
        if any(not self._is_here(name, arrived.get(name)) for name in told["objects"]):
            return None
        return Mirror(str(self.address), self.root, told["listed"], told["objects"])

    def updated(self) -> Mirror:
        """List, remove, fetch."""
        store = Store(self.address)
        listed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        files = self._wanted(store)
        arrived = self._arrived()
        missing = [name for name, file in files.items() if not self._is_current(name, file, arrived.get(name))]
        stray = self._stray(files)
        if missing or stray:
            self._complete.unlink(missing_ok=True)
        for path in stray:
            path.unlink()
        self._without_empty_folders()
        self._keep_room(files[name].size or 0 for name in missing)
        shutil.rmtree(self.home / "incoming", ignore_errors=True)  # of a process that was killed
        (self.home / "incoming").mkdir()
        for _ in _at_once(lambda name: self._fetch(store, name, files[name]), missing):
            pass
        arrived = self._arrived()
        objects = {
            name: {"size": arrived[name]["kept"][0], **({"stamp": dict(file.stamp)} if file.stamp else {})}
            for name, file in sorted(files.items())
        }
        if missing or stray or not self._complete.exists():
            self._rewrite({name: arrived[name] for name in objects})
        write_json(self._complete, {"address": str(self.address), "listed": listed, "objects": objects})
        return Mirror(str(self.address), self.root, listed, objects)

    @property
    def _complete(self) -> Path:
        return self.home / "complete.json"

    @property
    def _journal(self) -> Path:
        return self.home / "fetched.jsonl"

    def _wanted(self, store: Store) -> dict[str, RemoteFile]:
        """The files to have, by their place below the root."""
        places: dict[str, tuple[str, dict[str, Any]]] = {}
        for name, info in store.files().items():
            below = store.place(name)
            if PurePosixPath(below or name).suffix.lower() not in self.kinds:
                continue
            reason = "it lies outside the folder" if below is None else objection(below)
            if below is None or reason:
                told = f"'{shown(without_secrets(below or name), 80)}'"
                raise UserMistake(f"{self.address} lists {told}, which is refused: {reason}; rename or remove it.")
            if not any(part.startswith(".") for part in below.split("/")):
                places[below] = name, info
        if not places:
            raise UserMistake(f"{self.address} holds no file of a kind that the dataset reads.")
        refuse_clashes(str(self.address), places)
        known = _at_once(lambda item: (item[0], item[1][0], *store.details(*item[1])), places.items())
        found = {below: RemoteFile(name, size, stamp) for below, name, size, stamp in known}
        return dict(sorted(found.items()))

    def _arrived(self) -> dict[str, dict[str, Any]]:
        """What was fetched, by place; the last line of one that was cut short is no line."""
        found: dict[str, dict[str, Any]] = {}
        if self._journal.exists():
            with self._journal.open("rb") as lines:
                for line in lines:
                    try:
                        told = json.loads(line)
                        found[told["place"]] = told
                    except (ValueError, TypeError, KeyError):
                        continue
        return found

    def _rewrite(self, arrived: Mapping[str, Mapping[str, Any]]) -> None:
        handle, name = tempfile.mkstemp(dir=self.home / "incoming")
        with open(handle, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(told, sort_keys=True) + "\n" for told in arrived.values())
        os.replace(name, self._journal)

    def _is_here(self, name: str, told: Mapping[str, Any] | None) -> bool:
        """Whether a file lies where it was put, untouched."""
        try:
            stat = os.lstat(self.root / name)
        except OSError:
            return False
        return told is not None and told.get("kept") == [stat.st_size, stat.st_mtime_ns]

    def _is_current(self, name: str, file: RemoteFile, told: Mapping[str, Any] | None) -> bool:
        """Whether a file is what the store has; never where the store tells nothing that would change."""
        same = told is not None and told.get("size") == file.size and told.get("stamp") == file.stamp
        return bool(file.stamp) and same and self._is_here(name, told)

    def _stray(self, files: Mapping[str, RemoteFile]) -> list[Path]:
        """What lies in the mirror and is listed no longer."""
        found = []
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            for name in [*names, *links]:
                if (here / name).relative_to(self.root).as_posix() not in files:
                    found.append(here / name)
        return found

    def _without_empty_folders(self) -> None:
        for folder, _, _ in os.walk(self.root, topdown=False):
            if not os.listdir(folder):
                os.rmdir(folder)

    def _keep_room(self, sizes: Iterable[int]) -> None:
        needed, free = sum(sizes), shutil.disk_usage(self.home).free
        if needed > free:
            raise UserMistake(
                f"{self.address} has {needed / 2**30:.1f} GiB to fetch, and {self.home} has room for "
                f"{free / 2**30:.1f}: make room, or let NARRATOR_BENCH_CACHE name a larger disk."
            )

    def _fetch(self, store: Store, name: str, file: RemoteFile) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.home / "incoming")
        os.close(handle)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                store.fetch(file.name, Path(temporary))
                size = os.stat(temporary).st_size
                if file.size is not None and size != file.size:
                    raise StoreError(f"{self.address} gave {size} bytes of '{shown(name, 80)}', which has {file.size}")
                break
            except StoreError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE * attempt)
        os.chmod(temporary, 0o644)
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary, target)
        stat = os.lstat(target)
        told = {
            "place": name, "size": file.size, "stamp": dict(file.stamp), "kept": [stat.st_size, stat.st_mtime_ns],
        }  # fmt: skip
        # One call, which no other thread can come between; it begins with a line's end, as the last may be cut short.
        journal = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(journal, f"\n{json.dumps(told, sort_keys=True)}\n".encode())
        finally:
            os.close(journal)


def _at_once(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The outcomes of several items at a time, as they come; the first failure ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pending: set[Future[R]] = set()
        try:
            for item in items:
                pending.add(pool.submit(work, item))
                if len(pending) >= 4 * AT_ONCE:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from [future.result() for future in done]
            yield from [future.result() for future in pending]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process brings this mirror up to date; where there are no locks, do not."""
    with lock.open("a") as file:
        try:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        except (ImportError, OSError):  # Windows, or a file system without locks: names on the way are told apart
            pass
        yield
