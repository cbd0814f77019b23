"""Runs to archive, made without running anything, and archives that no run gave."""

from __future__ import annotations

import hashlib
import json
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.archiving.writing import write_archive
from bench.study import parse_study
from reports.results import Cell, Clip, Metric, Results, Study

STUDY = """
name: shared
seed: 3
bounds: false
datasets: [{name: made, plugin: folder, root: data}]
generators: [still]
metrics: [mcd]
"""


def finished_run(folder: Path, label: str = "still") -> Path:
    """The folder of a finished run of one clip by one generator, with media and statistics."""
    generator = f'[{{name: "{label}", plugin: still}}]'
    study = parse_study(STUDY.replace("[still]", generator), "the study", folder)
    files = (f"generated/{label}/made/clip0.mp4", "reference/made/clip0.mp4")
    for name in (*files, "measured/cpu/0123/abc.stats"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"bytes of {name}".encode())
    (folder / "study.yaml").write_text(study.to_yaml())
    cell = Cell(
        dataset="made", generator=label, metric="mcd", value=2.0, missing=None, n=1, direction="lower",
        signature="mcd|version:1", protocol=study.protocol.label, by_clip={"clip0": 2.0},
    )  # fmt: skip
    clip = Clip(
        dataset="made", generator=label, key="clip0", file=files[0], reference=files[1], text="Hello.",
        text_source="clip0.txt", voice_source="own",
    )  # fmt: skip
    columns = {"mcd": Metric(title="MCD", direction="lower", unit="dB")}
    Results(
        study=Study(name="shared", seed=3, datasets=("made",), generators=(label,), metrics=columns),
        protocol=study.protocol.record(),
        environment={"python": "3.11"},
        cells=(cell,),
        clips=(clip,),
    ).write(folder / "results.json")
    return folder


def archive_of_run(folder: Path) -> Path:
    """An archive as `narrator-bench archive` writes it."""
    target = folder / "run.zip"
    write_archive(finished_run(folder / "made-run"), target)
    return target


Content = dict[str, bytes]


def rewritten(
    path: Path,
    change: Callable[[Content], object] = lambda content: None,
    manifest: Callable[[dict[str, Any]], object] = lambda manifest: None,
    entry: Callable[[zipfile.ZipInfo], object] = lambda entry: None,
    twice: str = "",
) -> None:
    """Write an archive anew with other members, whose sizes and hashes its manifest says truly before it is changed.

    Args:
        path: the archive.
        change: of members by name.
        manifest: change of the manifest.
        entry: change of each entry of the ZIP file.
        twice: a member that the ZIP file has twice.
    """
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(content.pop("manifest.json"))
    change(content)
    said["members"] = {n: {"size": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in content.items()}
    manifest(said)
    content["manifest.json"] = json.dumps(said).encode()
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name stands twice
        for name, written in [*content.items(), *((n, b) for n, b in content.items() if n == twice)]:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            entry(info)
            archive.writestr(info, written)


def member(name: str, written: bytes = b"x") -> Callable[[Content], object]:
    """A change that adds a member."""
    return lambda content: content.update({name: written})


def of_one(name: str, fields: Mapping[str, int]) -> Callable[[zipfile.ZipInfo], object]:
    """A change of one entry."""
    return lambda entry: [setattr(entry, field, value) for field, value in fields.items() if entry.filename == name]


def declare_size(path: Path, name: str, size: int) -> None:
    """Let the ZIP file's list of members, and nothing else, say that a member has another size."""
    written = bytearray(path.read_bytes())
    at = written.rindex(name.encode(), 0, written.rindex(b"PK\x05\x06"))
    struct.pack_into("<I", written, at - 46 + 24, size)
    path.write_bytes(written)


def declare_directory(path: Path, size: int) -> None:
    """Let the ZIP file say that its list of members is `size` bytes long, in a file that has them, being sparse."""
    tail = path.read_bytes()[-22:]
    with path.open("r+b") as file:
        file.truncate(size + (1 << 20))
        file.seek(0, 2)
        file.write(tail[:12] + struct.pack("<II", size, 100) + tail[20:])


def replaced_in_place(path: Path, before: bytes, after: bytes) -> None:
    """Other bytes of the same length, everywhere: names that `zipfile` would not write."""
    assert len(before) == len(after)
    path.write_bytes(path.read_bytes().replace(before, after))
