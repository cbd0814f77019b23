"""Archives: with ways out of the folder, links, wrong hashes, bombs, and files that are none."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from support.archives import (
    archive_of_run,
    declare_directory,
    declare_size,
    finished_run,
    member,
    of_one,
    replaced_in_place,
    rewritten,
)

from hostile.case import Arguments, Case

CLIP = "generated/still/made/clip0.mp4"
STATISTICS = "measured/cpu/big.stats"
LINK = {"external_attr": (stat.S_IFLNK | 0o777) << 16}
FIFO = {"external_attr": (stat.S_IFIFO | 0o644) << 16}


def _unpacked(damage: Callable[[Path], object]) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        path = archive_of_run(folder)
        damage(path)
        return "unpack", path.name, "--out", "out"

    return make


def _replayed(damage: Callable[[Path], object]) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        path = archive_of_run(folder)
        damage(path)
        return "run", "--from-results", path.name, "--out", "out"

    return make


def _laid_out(lay: Callable[[Path], object], *words: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        finished_run(folder / "run")
        lay(folder)
        return words

    return make


def _named(name: str) -> Callable[[Path], object]:
    return lambda path: rewritten(path, member(name))


def _of_zeros(path: Path) -> None:
    rewritten(path, member(STATISTICS, bytes(20 << 20)))


def _manifest_of(written: bytes) -> Callable[[Path], object]:
    """An archive whose only members are the records and a manifest of these bytes."""

    def damage(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            content = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, bytes_of in content.items():
                archive.writestr(name, bytes_of)
            archive.writestr("manifest.json", written)

    return damage


def _of_many(path: Path) -> None:
    """Each member is small enough to have any ratio; all of them are not."""
    names = [f"measured/cpu/{number}.stats" for number in range(8)]
    rewritten(path, lambda content: content.update(dict.fromkeys(names, bytes(5 << 20))))


ODD_PLACE = "has a name or a place that no file of a run has"
DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a way up": (_named("../evil.stats"), ODD_PLACE),
    "a way up from within": (_named("generated/../../evil.mp4"), ODD_PLACE),
    "an absolute path": (_named("/tmp/evil.stats"), ODD_PLACE),
    "a path of two slashes": (_named("generated//evil.mp4"), ODD_PLACE),
    "a drive": (_named("C:/evil.stats"), ODD_PLACE),
    "a drive within": (_named("generated/C:evil.mp4"), ODD_PLACE),
    "backslashes": (_named("generated\\..\\..\\evil.mp4"), ODD_PLACE),
    "a folder": (_named("generated/still/"), ODD_PLACE),
    "a hidden file": (_named("generated/.bashrc"), ODD_PLACE),
    "a file that no run has": (_named("setup.py"), ODD_PLACE),
    "a file beside the records": (_named("study.yaml/evil"), ODD_PLACE),
    "a name with control characters": (_named("generated/\x1b[31m\n.mp4"), ODD_PLACE),
    "a name of another alphabet": (_named("generated/\u202e4pm.mp4"), ODD_PLACE),
    "a name that is too long": (_named(f"generated/{'x' * 300}.mp4"), ODD_PLACE),
    "a name that is too deep": (_named(f"generated/{'x/' * 2000}y.mp4"), ODD_PLACE),
    "a zero byte in a name": (
        lambda path: (
            rewritten(path, member("measured/a.stats0evil")),
            replaced_in_place(path, b"measured/a.stats0evil", b"measured/a.stats\0evil"),
        ),
        f"{ODD_PLACE}|damaged",
    ),
    "a name that is no UTF-8": (
        lambda path: (
            rewritten(path, member("measured/\u00e9")), replaced_in_place(path, "\u00e9".encode(), b"\xff\xfe")
        ),
        f"{ODD_PLACE}|damaged",
    ),
    "a link": (lambda path: rewritten(path, member(CLIP, b"/etc/passwd"), entry=of_one(CLIP, LINK)), "is a link"),
    "a record that is a link": (
        lambda path: rewritten(path, member("study.yaml", b"/etc/passwd"), entry=of_one("study.yaml", LINK)),
        "is a link",
    ),
    "a FIFO": (lambda path: rewritten(path, member(CLIP), entry=of_one(CLIP, FIFO)), "is no regular file"),
    "a member twice": (lambda path: rewritten(path, twice="results.json"), "stands twice"),
    "a manifest twice": (lambda path: rewritten(path, twice="manifest.json"), "stands twice"),
    "names that differ in case": (
        lambda path: rewritten(path, lambda content: content.update({CLIP: b"x", CLIP.replace("c", "C"): b"y"})),
        "stands twice",
    ),
    "a file that is a folder of another": (
        lambda path: rewritten(path, lambda content: content.update({CLIP: b"x", f"{CLIP}/y": b"y"})),
        "is a folder of another",
    ),
    "another compression": (
        lambda path: rewritten(path, entry=of_one("results.json", {"compress_type": zipfile.ZIP_LZMA})),
        "another way than deflate",
    ),
    "a wrong hash": (
        lambda path: rewritten(path, manifest=lambda m: m["members"]["results.json"].update(sha256="0" * 64)),
        "'results.json' is not what manifest.json says",
    ),
    "a wrong hash of a clip": (
        lambda path: rewritten(path, member(CLIP), manifest=lambda m: m["members"][CLIP].update(sha256="0" * 64)),
        f"'{CLIP}' is not what manifest.json says",
    ),
    "a wrong size": (
        lambda path: rewritten(path, manifest=lambda m: m["members"]["results.json"].update(size=7)),
        "bytes, and manifest.json says 7",
    ),
    "a negative size": (
        lambda path: rewritten(path, manifest=lambda m: m["members"]["results.json"].update(size=-7)),
        "manifest.json is none",
    ),
    "a hash that is none": (
        lambda path: rewritten(path, manifest=lambda m: m["members"]["results.json"].update(sha256="x")),
        "manifest.json is none",
    ),
    "a member that is not listed": (
        lambda path: rewritten(path, member(CLIP), manifest=lambda m: m["members"].pop(CLIP)), "does not list"
    ),
    "a member that is not there": (
        lambda path: rewritten(path, manifest=lambda m: m["members"].update({CLIP: {"size": 1, "sha256": "0" * 64}})),
        f"'{CLIP}' is missing",
    ),
    "no results": (lambda path: rewritten(path, lambda content: content.pop("results.json")), "'results.json' is miss"),
    "no costs": (lambda path: rewritten(path, lambda content: content.pop("costs.json")), "'costs.json' is missing"),
    "another schema": (lambda path: rewritten(path, manifest=lambda m: m.update(schema=2)), "has schema 2"),
    "a schema of raw text": (lambda path: rewritten(path, manifest=lambda m: m.update(schema="\x1b[31m")), "schema"),
    "an unknown key": (lambda path: rewritten(path, manifest=lambda m: m.update(run="rm -rf /")), "is none"),
    "a manifest that is no JSON": (_manifest_of(b"{"), "manifest.json is none"),
    "a manifest of zero bytes": (_manifest_of(b""), "manifest.json is none"),
    "a manifest that is a list": (_manifest_of(b"[]"), "manifest.json is none"),
    "a manifest that is nested deep": (_manifest_of(b"[" * 100_000), "manifest.json is none"),
    "a manifest of NaN": (_manifest_of(b'{"schema": NaN, "study": "x", "members": {}}'), "schema|none"),
    "a manifest that is no UTF-8": (_manifest_of(b"\xff\xfe{"), "manifest.json is none"),
    "a manifest of 33 MiB": (_manifest_of(bytes(33 << 20)), "manifest.json is larger than"),
    "a bomb": (_of_zeros, "would unpack to more than 200 times its size"),
    "a bomb of many members": (_of_many, "would unpack to more than 200 times its size"),
    "a huge declared size": (lambda path: declare_size(path, "results.json", 0xFFFFFFF0), "bytes, and manifest.json"),
    "a huge declared size in both": (
        lambda path: (
            rewritten(path, manifest=lambda m: m["members"]["results.json"].update(size=0xFFFFFFF0)),
            declare_size(path, "results.json", 0xFFFFFFF0),
        ),
        "larger than 512 MiB",
    ),
    "a declared size that hides bytes": (
        lambda path: (
            rewritten(path, manifest=lambda m: m["members"]["results.json"].update(size=10)),
            declare_size(path, "results.json", 10),
        ),
        "damaged|is not what",
    ),
    "a declared size beyond the bytes": (
        lambda path: (
            rewritten(path, manifest=lambda m: m["members"]["results.json"].update(size=100_000)),
            declare_size(path, "results.json", 100_000),
        ),
        "damaged|is not what",
    ),
    "a list of members of 1 GiB": (lambda path: declare_directory(path, 1 << 30), "list of members is too long"),
    "no members": (lambda path: zipfile.ZipFile(path, "w").close(), "it is no ZIP file"),
    "a ZIP of something else": (
        lambda path: (path.unlink(), zipfile.ZipFile(path, "w").writestr("results.json", "{}")), "damaged|no manifest"
    ),
    "bytes before the archive": (lambda path: path.write_bytes(b"#!/bin/sh\n" + path.read_bytes()), "no ZIP file"),
    "no bytes": (lambda path: path.write_bytes(b""), "it is no ZIP file"),
    "text": (lambda path: path.write_text("narrator"), "it is no ZIP file"),
    "zero bytes": (lambda path: path.write_bytes(bytes(100_000)), "it is no ZIP file"),
    "the first half": (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "damaged"),
    "all but the last byte": (lambda path: path.write_bytes(path.read_bytes()[:-1]), "damaged"),
    "a hole within": (
        lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(100) + path.read_bytes()[200:]), "damaged|is not"
    ),
    "bytes cut out": (lambda path: path.write_bytes(path.read_bytes()[:100] + path.read_bytes()[200:]), "damaged"),
    "a file that is not there": (os.unlink, "there is no such file"),
    "a folder in its place": (lambda path: (path.unlink(), path.mkdir()), "not a regular file: a folder"),
    "a FIFO in its place": (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file: a FIFO"),
}  # fmt: skip


def _study(before: bytes, after: bytes) -> Callable[[Path], object]:
    def change(content: dict[str, bytes]) -> None:
        assert before in content["study.yaml"]
        content["study.yaml"] = content["study.yaml"].replace(before, after)

    return lambda path: rewritten(path, change)


PROGRAM = b"  plugin: command\n  options: {template: touch EXECUTED}\n"
REPLAYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a program": (_study(b"  plugin: still\n  options: {}\n", PROGRAM), r"starts programs \(touch EXECUTED\)"),
    "a study of another seed": (_study(b"seed: 3", b"seed: 4"), "asks for other seed than its results"),
    "a study that runs code": (_study(b"seed: 3", b"seed: !!python/name:os.system x"), "is not valid YAML"),
    "a study that is no YAML": (_study(b"seed: 3", b"{"), "is not valid YAML"),
    "a study that is empty": (lambda path: rewritten(path, member("study.yaml", b"")), "is not a study"),
    "a study of zero bytes": (lambda path: rewritten(path, member("study.yaml", bytes(9))), "zero bytes|UTF-16"),
    "results that are none": (
        lambda path: rewritten(path, member("results.json", b"{}")),
        "run.zip/results.json has s",
    ),
    "no dataset on this machine": (lambda path: None, "data"),
    "a damaged archive": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "damaged"),
}


def _nothing_left(folder: Path) -> str | None:
    if left := sorted(path.name for path in folder.iterdir() if path.name not in ("made-run", "run.zip")):
        return f"it left {', '.join(left)}"
    return "it left something outside" if (folder.parent / "evil.stats").exists() else None


def cases() -> Iterator[Case]:
    """Archives to unpack and to replay, and runs to archive."""
    for name, (damage, says) in DAMAGE.items():
        yield Case("archive", name, _unpacked(damage), says=says, after=_nothing_left)
    for name, (damage, says) in REPLAYS.items():
        yield Case("replayed archive", name, _replayed(damage), says=says)
    for name, (lay, words, says) in RUNS.items():
        yield Case("run to archive", name, _laid_out(lay, *words), says=says)


def _in_results(before: str, after: str) -> Callable[[Path], object]:
    def lay(folder: Path) -> None:
        path = folder / "run/results.json"
        path.write_text(path.read_text().replace(before, after))

    return lay


def _linked_out(folder: Path) -> None:
    (folder / "secret").write_text("secret")
    (folder / "run" / CLIP).unlink()
    (folder / "run" / CLIP).symlink_to(folder / "secret")


ARCHIVE = ("archive", "run", "run.zip")
RUNS: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "without results": (lambda folder: (folder / "run/results.json").unlink(), ARCHIVE, "holds no results.json, so it"),
    "without costs": (lambda folder: (folder / "run/costs.json").unlink(), ARCHIVE, "holds no costs.json, so it is no"),
    "not there": (lambda folder: None, ("archive", "nowhere", "run.zip"), "nowhere holds no study.yaml"),
    "begun anew": (
        lambda folder: (folder / "run/study.yaml").write_text(
            (folder / "run/study.yaml").read_text().replace("seed: 3", "seed: 4")
        ),
        ARCHIVE, "is not finished, its study.yaml asks for other seed",
    ),
    "a clip that is gone": (lambda folder: (folder / "run" / CLIP).unlink(), (*ARCHIVE, "--media"), "no such file"),
    "results that name a way out": (_in_results(CLIP, "../secret"), (*ARCHIVE, "--media"), "is none of a run"),
    "results that name a device": (_in_results(CLIP, "/dev/zero"), (*ARCHIVE, "--media"), "is none of a run"),
    "a link out of the run": (_linked_out, (*ARCHIVE, "--media"), "a link out of the run"),
    "a file in the way": (lambda folder: (folder / "run.zip").write_text("mine"), ARCHIVE, "exists already"),
    "a folder in the way": (lambda folder: (folder / "run.zip").mkdir(), ARCHIVE, "not a regular file: a folder"),
    "the name of a results file": (lambda folder: None, ("archive", "run", "x.json"), "name the archive x.zip"),
    "a place that is no folder": (lambda folder: None, ("archive", "run", "/dev/null/run.zip"), "is no folder"),
}  # fmt: skip
