"""What else may lie in a folder: special files, links, odd names and kinds; each is a finding, nothing hangs."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from bench.datasets import tree
from bench.datasets.celebvhq import CelebVHQ
from bench.datasets.fakeavceleb import FakeAVCeleb
from bench.datasets.folder import Folder
from bench.datasets.hdtf import HDTF
from bench.datasets.verify import verify
from bench.datasets.voxceleb import VoxCeleb
from bench.errors import UserMistake
from bench.files import atomic


def found(root: Path) -> tuple[list[str], dict[str, str]]:
    index = Folder().load(root)
    return [sample.key for sample in index.samples], {f.subject: f.reason for f in index.findings}


def test_what_is_no_regular_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to("a.mp4")
    os.mkfifo(tmp_path / "fifo.mp4")
    os.mkfifo(tmp_path / "fifo.wav")
    (tmp_path / "endless.mp4").symlink_to("/dev/zero")
    (tmp_path / "dangling.mp4").symlink_to("absent")
    (tmp_path / "circle.mp4").symlink_to("circle.mp4")
    (tmp_path / "again").symlink_to(".")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.mp4"))
    assert found(tmp_path) == (
        ["a", "link"],
        {
            "again": "a link to a folder that is listed already",
            "circle.mp4": "it cannot be reached (Too many levels of symbolic links)",
            "dangling.mp4": "a link to nothing",
            "endless.mp4": "not a regular file: a character device",
            "fifo.mp4": "not a regular file: a FIFO",
            "fifo.wav": "not a regular file: a FIFO",
            "socket.mp4": "not a regular file: a socket",
        },
    )


@pytest.mark.parametrize("dataset", [VoxCeleb(), FakeAVCeleb(), CelebVHQ(), HDTF()])
def test_metadata_that_are_no_regular_files_do_not_hang(tmp_path: Path, dataset) -> None:
    for name in ("vox1_meta.csv", "vox2_meta.csv", "meta_data.csv", "celebvhq_info.json", "RD_crop_wh.txt"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(UserMistake, match="holds no clip"):
        dataset.load(tmp_path)


def test_a_clip_that_vanishes_or_may_not_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gone", "secret"):
        (tmp_path / f"{name}.mp4").write_bytes(b"x")
    index = Folder().load(tmp_path)
    (tmp_path / "gone.mp4").unlink()
    monkeypatch.setattr(os, "access", lambda path, _: "secret" not in str(path))  # root may read everything
    assert {(f.subject, f.detail) for f in verify(index).findings} == {
        ("gone", "there is no such file"),
        ("secret", "there is no permission to read it"),
    }


def test_a_folder_that_cannot_be_listed_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.mp4").write_bytes(b"x")
    scandir = os.scandir

    def guarded(path: str | Path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(tree.os, "scandir", guarded)
    assert found(tmp_path) == (["a"], {"closed": "a folder that cannot be listed (Permission denied)"})


def test_every_kind_of_video_is_read_or_said_not_to_be(tmp_path: Path) -> None:
    read = [
        "mp4",
        "m4v",
        "mov",
        "3gp",
        "mpg",
        "vob",
        "ts",
        "m2ts",
        "mts",
        "avi",
        "mkv",
        "webm",
        "flv",
        "wmv",
        "asf",
        "ogv",
        "gif",
    ]
    refused = ["apng", "mxf", "rm", "y4m", "swf", "h264", "hevc", "m3u8"]
    for suffix in [*read, *refused]:
        (tmp_path / f"{suffix}.{suffix.upper()}").write_bytes(b"x")
    (tmp_path / "half.mp4.part").write_bytes(b"x")
    samples, findings = found(tmp_path)
    assert samples == sorted(read)
    assert findings == {f"{s}.{s.upper()}": f".{s} files are not read; convert it to MP4" for s in refused} | {
        "half.mp4.part": "an unfinished download"
    }


def test_names_that_are_not_utf8_are_findings_that_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "a\tb\x1b[31m.mp4").write_bytes(b"x")
    (tmp_path / ".\x1b.mp4").write_bytes(b"x")
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.mp4"), "wb") as file:
        file.write(b"x")
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"d\xff"))
    samples, findings = found(tmp_path)
    assert len(samples) == 1
    assert findings == {
        ".\\x1b.mp4": "a hidden file",
        "caf\\xe9.mp4": "its name is not UTF-8",
        "d\\xff": "a folder whose name is not UTF-8",
    }
    json.dumps(findings, ensure_ascii=False).encode()


def test_what_a_killed_process_left_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    writing = atomic(tmp_path / "b.mp4")
    leftover = writing.__enter__().name  # and nobody lives to end it
    assert found(tmp_path) == (["a"], {leftover: "a hidden file"})


def test_the_longest_name_can_be_written_safely(tmp_path: Path) -> None:
    with atomic(tmp_path / f"{'x' * 250}.mp4") as temporary:
        temporary.write_bytes(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == [f"{'x' * 250}.mp4"]


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ("absent", "there is no folder"),
        ("~nobody-here/x", "there is no folder ~nobody-here/x"),
        ("zero\0byte", r"zero\\x00byte cannot be listed as a folder \(embedded null byte\)"),
        ("x" * 5000, r"cannot be listed as a folder \(File name too long\)"),
        (__file__, r"cannot be listed as a folder \(Not a directory\)"),
        ("/dev/null", r"cannot be listed as a folder \(Not a directory\)"),
        ("caf\udce9", r"there is no folder caf\\xe9"),
    ],
)
def test_a_root_that_is_none_is_one_sentence(root: str, reason: str) -> None:
    with pytest.raises(UserMistake, match=f"folder: .*{reason}") as caught:
        Folder().load(Path(root))
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


def test_a_root_may_be_relative_or_not_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips/a.mp4").write_bytes(b"x")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert found(Path("../clips"))[0] == ["a"]
    os.rename(tmp_path / "clips", os.path.join(os.fsencode(tmp_path), b"\xff"))
    with pytest.raises(UserMistake, match=r"is not UTF-8; rename it"):
        Folder().load(tmp_path / "\udcff")
