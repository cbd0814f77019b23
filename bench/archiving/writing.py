"""Writing an archive: the same run gives the same bytes."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.archiving.manifest import (
    CHUNK,
    MANIFEST,
    MAYBE,
    RECORDS,
    RESULTS,
    STUDY,
    Manifest,
    Member,
    clash,
    is_member_name,
)
from bench.archiving.replay import belong_together
from bench.datasets.tree import VIDEO_SUFFIXES
from bench.errors import UserMistake, shown
from bench.files import atomic, obstacle
from bench.run.folder import RunFolder
from bench.study import Study, read_study
from reports.results import Results

_OLDEST = (1980, 1, 1, 0, 0, 0)


class Written(NamedTuple):
    """What an archive holds: members beside the manifest, and their bytes before compression."""

    members: int
    size: int


def write_archive(run: Path, target: Path, media: bool = False, statistics: bool = False) -> Written:
    """Write a finished run as one ZIP file.

    ZIP and not a compressed tar, because each member is compressed by itself and listed with its size at the end: the
    results can be read, and whatever the list says be refused, without unpacking the clips.

    Args:
        run: the run's folder.
        target: the file; it appears when it is whole.
        media: also the generated clips and the copies of reference clips that the results name.
        statistics: also the per-clip statistics of the metrics, `measured/`.

    Raises:
        UserMistake: the run is not finished, or a file of it is missing or of an odd kind.
        ResultsError: its results cannot be used.
    """
    study, results = _finished(run)
    more = [name for name in MAYBE if (run / name).exists()]
    names = sorted({*RECORDS, *more, *(_media(results) if media else ()), *(_statistics(run) if statistics else ())})
    for name in names:
        _check(run, name)
    if (name := clash(names)) is not None:
        raise UserMistake(f"{run} has two files that some systems take for one, {shown(name)}: rename the clips.")
    members: dict[str, Member] = {}
    with atomic(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in names:
            members[name] = _add(archive, name, run / name)
        archive.writestr(_entry(MANIFEST), Manifest(study=study.name, members=members).to_json())
    return Written(len(members), sum(member.size for member in members.values()))


def _finished(run: Path) -> tuple[Study, Results]:
    """The study and the results of a run; costs and clip scores are written before it counts as finished."""
    lacking = next((name for name in (STUDY, RESULTS, *RECORDS) if not (run / name).is_file()), None)
    if lacking:
        raise UserMistake(
            f"{run} holds no {lacking}, so it is no finished run: name the folder that --out of `narrator-bench run` "
            "named, and let the run end."
        )
    study, results = read_study(RunFolder(run).study), Results.read(RunFolder(run).results)
    if (difference := belong_together(study, results)) is not None:
        raise UserMistake(f"{run} is not finished, its {STUDY} asks for other {difference} than {RESULTS} has: run it.")
    return study, results


def _media(results: Results) -> Iterator[str]:
    for clip in results.clips:
        yield from (name for name in (clip.file, clip.reference) if name)


def _statistics(run: Path) -> Iterator[str]:
    for path in (run / "measured").rglob("*.stats"):
        if not path.name.startswith("."):
            yield path.relative_to(run).as_posix()


def _check(run: Path, name: str) -> None:
    """Results may come from elsewhere: what they name must be a file of the run, and no way out of it."""
    path = run / name
    if not is_member_name(name):
        raise UserMistake(f"{run / RESULTS} names the file '{shown(name, 120)}', which is none of a run: run it again.")
    if reason := obstacle(path):
        raise UserMistake(f"Cannot archive {path} ({reason}): run the study again, or leave out --media.")
    if not path.resolve().is_relative_to(run.resolve()):
        raise UserMistake(f"Cannot archive {path}: it is a link out of the run's folder; put the file itself there.")


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry that says nothing of the machine, the time or the user."""
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.create_system = 3  # Unix, also where it is written on another
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    compressed_already = Path(name).suffix.lower() in VIDEO_SUFFIXES
    entry.compress_type = zipfile.ZIP_STORED if compressed_already else zipfile.ZIP_DEFLATED
    return entry


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> Member:
    entry = _entry(name)
    entry.file_size = path.stat().st_size  # decides whether the entry needs 64-bit sizes
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(entry, "w") as sink:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    return Member(size=size, sha256=digest.hexdigest())
