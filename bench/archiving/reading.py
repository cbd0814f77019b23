"""Opening an archive: all of it is verified before any of it is used, and nothing is written outside one folder."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from bench.archiving.manifest import (
    CHUNK,
    MANIFEST,
    MAX_DIRECTORY,
    MAX_MANIFEST,
    MAX_RATIO,
    MAX_RECORD,
    MAX_ROWS,
    MAX_TOTAL,
    MAYBE,
    RECORDS,
    RESULTS,
    SMALL,
    ArchiveError,
    Manifest,
    Member,
    clash,
    is_member_name,
    read_manifest,
)
from bench.errors import UserMistake, shown
from bench.files import obstacle
from reports.results import Results, ResultsError
from reports.rows import FILE as CLIPS

_MAGIC = b"PK\x03\x04"
_ENCRYPTED = 1


def is_archive(path: Path) -> bool:
    """Whether a path is to be read as an archive: any regular file but one that is named like a results file."""
    return path.is_file() and path.suffix.lower() != ".json"


@contextmanager
def open_archive(path: Path, whole: bool = False) -> Iterator[Path]:
    """A private folder with the run of an archive, as long as the block lasts.

    Args:
        path: the archive.
        whole: also the clips and the statistics; otherwise these are verified and not unpacked.

    Raises:
        ArchiveError: it is no archive of a run, is damaged, or holds what none does.
    """
    with tempfile.TemporaryDirectory(prefix="narrator-bench-") as folder:
        unpack(path, Path(folder), whole)
        yield Path(folder)


def results_of(path: Path) -> Results:
    """The results of a run: `path` is its folder, its results file or its archive.

    Raises:
        ArchiveError: an archive that cannot be used.
        ResultsError: results that cannot be used.
    """
    if not is_archive(path):
        return Results.read(path / RESULTS if path.is_dir() else path)
    with open_archive(path) as folder:
        return read_results(folder, path)


def read_results(folder: Path, path: Path) -> Results:
    """The results in the folder of an opened archive; what is wrong with them is said of the archive."""
    try:
        return Results.read(folder / RESULTS)
    except ResultsError as error:
        raise ResultsError(str(error).replace(str(folder), str(path))) from error


def unpack(path: Path, folder: Path, whole: bool) -> None:
    """Verify an archive and write what it holds into an empty folder; see `open_archive`."""
    if reason := obstacle(path):
        raise UserMistake(f"Cannot read the archive {path} ({reason}): name a file of `narrator-bench archive`.")
    with _refusing(path), path.open("rb", buffering=0) as raw, _Bounded(raw) as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ArchiveError(path, "it is no ZIP file")
        with zipfile.ZipFile(file) as archive:
            entries = _entries(path, archive.infolist())
            manifest = _manifest(path, archive, entries)
            _check_against(path, manifest, entries)
            wanted = [name for name in sorted(manifest.members) if whole or name in RECORDS + MAYBE]
            if sum(manifest.members[name].size for name in wanted) > shutil.disk_usage(folder).free:
                raise UserMistake(f"No room for what the archive {path} holds in {folder.parent}: make some.")
            for name, member in manifest.members.items():
                target = folder / name if name in wanted else None
                _verify(path, archive, entries[name], member, target)


class _Bounded(io.BufferedReader):
    """A file that is never read into memory as a whole: a ZIP states itself how long its list of members is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise zipfile.BadZipFile("its list of members is too long")
        return super().read(size)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What the ZIP reader raises over a damaged file, as one sentence."""
    try:
        yield
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError, RuntimeError,
        ValueError,
    ) as error:  # fmt: skip
        raise ArchiveError(path, f"it is cut short or damaged ({shown(error, 100) or type(error).__name__})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # an offset before the file's beginning; anything else is the disk's
            raise
        raise ArchiveError(path, "it is cut short or damaged (an offset outside the file)") from error


def _entries(path: Path, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The entries by name; nothing but regular files with names that a run gives, each once."""
    for info in infos:
        name = shown(info.orig_filename, 120)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind == stat.S_IFLNK:
            raise ArchiveError(path, f"its member '{name}' is a link")
        if kind not in (0, stat.S_IFREG):
            raise ArchiveError(path, f"its member '{name}' is no regular file")
        if info.orig_filename != info.filename or not (info.filename == MANIFEST or is_member_name(info.filename)):
            raise ArchiveError(path, f"its member '{name}' has a name or a place that no file of a run has")
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(path, f"its member '{name}' is encrypted, or compressed in another way than deflate")
    if (twice := clash(info.filename for info in infos)) is not None:
        raise ArchiveError(path, f"its member '{shown(twice, 120)}' stands twice, or is a folder of another")
    return {info.filename: info for info in infos}


def _manifest(path: Path, archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> Manifest:
    if MANIFEST not in entries:
        raise ArchiveError(path, f"it has no {MANIFEST}, so it is no archive of a run")
    if entries[MANIFEST].file_size > MAX_MANIFEST:
        raise ArchiveError(path, f"its {MANIFEST} is larger than {MAX_MANIFEST >> 20} MiB")
    with archive.open(entries[MANIFEST]) as file:
        return read_manifest(file.read(MAX_MANIFEST), path)


def _check_against(path: Path, manifest: Manifest, entries: Mapping[str, zipfile.ZipInfo]) -> None:
    """The list of members against the manifest, and all sizes against what an archive can have."""
    if lacking := (manifest.members.keys() | set(RECORDS)) - entries.keys():
        raise ArchiveError(path, f"its member '{shown(min(lacking), 120)}' is missing")
    if unlisted := entries.keys() - manifest.members.keys() - {MANIFEST}:
        raise ArchiveError(path, f"its {MANIFEST} does not list the member '{shown(min(unlisted), 120)}'")
    for name, member in manifest.members.items():
        if name == MANIFEST:
            raise ArchiveError(path, f"its {MANIFEST} lists itself")
        if entries[name].file_size != member.size:
            stated = f"{entries[name].file_size} bytes, and {MANIFEST} says {member.size}"
            raise ArchiveError(path, f"its member '{name}' has {stated}")
        most = MAX_ROWS if name == CLIPS else MAX_RECORD
        if name in RECORDS + MAYBE and member.size > most:
            raise ArchiveError(path, f"its member '{name}' is larger than {most >> 20} MiB")
    total = sum(member.size for member in manifest.members.values())
    if total > MAX_TOTAL:
        raise ArchiveError(path, f"it would unpack to more than {MAX_TOTAL >> 30} GiB")
    if total > max(SMALL, MAX_RATIO * os.stat(path).st_size):  # also where members share their bytes
        raise ArchiveError(path, f"it would unpack to more than {MAX_RATIO} times its size")


def _verify(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, member: Member, target: Path | None) -> None:
    """Read one member to its stated size, hold it to its hash, and keep it where there is a target."""
    digest, left = hashlib.sha256(), member.size
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("xb") if target else nullcontext(io.BytesIO()) as sink:
        while chunk := source.read(min(CHUNK, left)):
            left -= len(chunk)
            digest.update(chunk)
            if target:
                sink.write(chunk)
    if left or digest.hexdigest() != member.sha256:
        raise ArchiveError(path, f"its member '{entry.filename}' is not what {MANIFEST} says, by its hash")
