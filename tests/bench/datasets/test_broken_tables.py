"""Metadata files in every state: read in spite of it, or one sentence that names the file, the line and the mending."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.datasets.celebvhq import CelebVHQ
from bench.datasets.dataset import Dataset, DatasetIndex
from bench.datasets.fakeavceleb import FakeAVCeleb
from bench.datasets.hdtf import HDTF
from bench.datasets.voxceleb import VoxCeleb
from bench.errors import UserMistake

FAKE = (
    "source,target1,target2,method,category,type,race,gender,path,\n"
    "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,FakeAVCeleb/RealVideo-RealAudio/African/men/id00076\n"
)
INFO = {"meta_info": {"appearance_mapping": ["Young"]}, "clips": {"M2Ohb0FAaJU_1": {"attributes": {"appearance": [1]}}}}
KINDS: dict[str, tuple[Dataset, str, str, str]] = {
    "vox1": (VoxCeleb(), "mp4/id00012/21Uxsk56VDQ/1.mp4", "vox1_meta.csv", "ID\tGender\tSet\nid00012\tm\tdev\n"),
    "vox2": (VoxCeleb(), "mp4/id00012/21Uxsk56VDQ/1.mp4", "vox2_meta.csv", "ID ,Gender ,Set \nid00012 ,m ,dev \n"),
    "fake": (FakeAVCeleb(), "RealVideo-RealAudio/African/men/id00076/00109.mp4", "meta_data.csv", FAKE),
    "celeb": (CelebVHQ(), "35666/M2Ohb0FAaJU_1.mp4", "celebvhq_info.json", json.dumps(INFO)),
    "hdtf": (HDTF(), "RD_Radio11_000.mp4", "RD_crop_wh.txt", "Radio11_0.mp4 412 599 0 599\n"),
}
every_table = pytest.mark.parametrize("kind", KINDS)
csv_table = pytest.mark.parametrize("kind", ["vox1", "vox2", "fake"])


def load(root: Path, kind: str, content: str | bytes) -> DatasetIndex:
    dataset, clip, table, _ = KINDS[kind]
    (root / clip).parent.mkdir(parents=True, exist_ok=True)
    (root / clip).write_bytes(b"x")
    (root / table).write_bytes(content if isinstance(content, bytes) else content.encode())
    return dataset.load(root)


@every_table
@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), str.rstrip])
def test_harmless_differences_are_read_through(tmp_path: Path, kind: str, change) -> None:
    whole = load(tmp_path, kind, KINDS[kind][3])
    assert len(whole.samples) == 1
    assert whole.samples[0].metadata
    changed = load(tmp_path, kind, change(KINDS[kind][3]))
    assert (changed.samples, changed.findings) == (whole.samples, whole.findings)


@csv_table
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_header_tells_the_delimiter(tmp_path: Path, kind: str, delimiter: str) -> None:
    usual = KINDS[kind][3]
    other = usual.replace(",", delimiter).replace("\t", delimiter)
    assert load(tmp_path, kind, other).samples == load(tmp_path, kind, usual).samples


@every_table
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text.encode("utf-16"), "it is UTF-16; save it as UTF-8"),
        (lambda text: text.encode("utf-16-be"), "it is UTF-16; save it as UTF-8"),
        (lambda text: text.encode() + b"\xe9\n", r"line \d+ is not UTF-8|is no "),
        (lambda text: text.encode() + b"\0\0", "it holds zero bytes"),
    ],
)
def test_another_encoding_is_one_sentence(tmp_path: Path, kind: str, spoil, reason: str) -> None:
    with pytest.raises(UserMistake, match=rf"{KINDS[kind][2]} (cannot be used: )?.*({reason})"):
        load(tmp_path, kind, spoil(KINDS[kind][3]))


@csv_table
@pytest.mark.parametrize("row", ['"' + "x" * 140_000 + '"\n', "x" * 140_000 + "\n", '"unbalanced\n'])
def test_a_broken_row_is_named_by_its_line(tmp_path: Path, kind: str, row: str) -> None:
    with pytest.raises(UserMistake, match=r"_(meta|data).*\.csv is broken at line \d"):
        load(tmp_path, kind, KINDS[kind][3] + row)


@csv_table
@pytest.mark.parametrize("content", ["", "\n\n", "only one column\nx\n", "a,b\n1,2\n"])
def test_a_table_of_something_else_is_one_sentence(tmp_path: Path, kind: str, content: str) -> None:
    with pytest.raises(UserMistake, match=r"(lacks the column type and path|names no speaker).*download it again"):
        load(tmp_path, kind, content)


def test_short_and_odd_rows_of_fakeavceleb_are_findings(tmp_path: Path) -> None:
    index = load(
        tmp_path, "fake", FAKE + "id00077,-,-\n" + FAKE.splitlines()[1].replace("RealVideo-R", "Video-R") + "\n"
    )
    assert [(f.reason, f.detail) for f in index.findings] == [
        ("a row without a known type and a file's name", "line 3"),
        ("a row without a known type and a file's name", "line 4"),
    ]


def test_crop_tables_without_numbers_are_findings(tmp_path: Path) -> None:
    table = "Radio11_0.mp4 412\nRadio12.mp4 1\nRadio13_x.mp4\n_\nRadio14_" + "9" * 5000 + ".mp4 1\n\n   \n"
    index = load(tmp_path, "hdtf", table)
    assert [f.detail for f in index.findings if f.reason == "no name of a clip in a crop table"] == [
        f"RD_crop_wh.txt, line {line}" for line in (2, 3, 4, 5)
    ]


@pytest.mark.parametrize(
    "content",
    [
        "", "null", "[]", "3", '"x"', "{", "{}", '{"clips": []}', '{"clips": null}', '{"clips": "x"}', '{"clips": 3}',
        '{"clips": {"\\ud800": {}}}', "[" * 100_000, '{"a":' * 100_000, '{"clips": {"a": ' + "9" * 5000 + "}}",
    ],
)  # fmt: skip
def test_a_celebvhq_file_of_something_else_is_one_sentence(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserMistake, match=r"celebvhq_info.json is no CelebV-HQ information file \(.*download it again"):
        load(tmp_path, "celeb", content)


@pytest.mark.parametrize(
    "entry", [None, [], 3, "x", {"attributes": None}, {"attributes": {"appearance": 3}}, {"bbox": None}]
)
@pytest.mark.parametrize("mapping", [None, [], 3, {"appearance_mapping": None}, {"appearance_mapping": [["x"]]}])
def test_a_celebvhq_entry_of_the_wrong_kind_is_its_own_fault(tmp_path: Path, entry: object, mapping: object) -> None:
    index = load(tmp_path, "celeb", json.dumps({"meta_info": mapping, "clips": {"M2Ohb0FAaJU_1": entry}}))
    assert [sample.key for sample in index.samples] == ["M2Ohb0FAaJU_1"]
    assert bool(index.findings) is not isinstance(entry, dict)
    json.dumps(index.samples[0].metadata)
