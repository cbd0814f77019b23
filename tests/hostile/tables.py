"""The metadata that datasets bring: in other encodings, cut short, of other shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hostile.case import Arguments, Case
from hostile.media import good_clip

CLIPS = {
    "fakeavceleb": "RealVideo-RealAudio/African/men/id00076/00109.mp4",
    "celebvhq": "35666/M2Ohb0FAaJU_1.mp4",
    "hdtf": "HDTF-RGB-512/RD_Radio11_000.mp4",
    "voxceleb": "dev/id00012/21Uxsk56VDQ/00001.mp4",
}
TABLES = {
    "fakeavceleb": "meta_data.csv",
    "celebvhq": "celebvhq_info.json",
    "hdtf": "RD_crop_wh.txt",
    "voxceleb": "vox2_meta.csv",
}
ROWS = {
    "fakeavceleb": "source,target1,target2,method,category,type,race,gender,path,\n"
    "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,"
    "FakeAVCeleb/RealVideo-RealAudio/African/men/id00076\n",
    "celebvhq": '{"meta_info": {"appearance_mapping": ["a"], "action_mapping": ["b"]}, "clips": {"M2Ohb0FAaJU_1": '
    '{"ytb_id": "M2Ohb0FAaJU", "duration": {"start_sec": 1, "end_sec": 2}, "bbox": {}, "version": "v0.1", '
    '"attributes": {"appearance": [1], "action": [0], "emotion": {}}}}}',
    "hdtf": "RD_Radio11_0.mp4 412 599 0 599\n",
    "voxceleb": "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n000012 ,m ,dev \n",
}
DAMAGES: dict[str, Callable[[str], bytes]] = {
    "as it should be": lambda rows: rows.encode(),
    "empty": lambda rows: b"",
    "a byte order mark": lambda rows: rows.encode("utf-8-sig"),
    "UTF-16": lambda rows: rows.encode("utf-16"),
    "Latin-1": lambda rows: rows.encode() + b"id\xe9\xe8,\xff 1 2 3\n",
    "zeros": lambda rows: bytes(4096),
    "NUL in a row": lambda rows: rows.encode() + b"a\0b,c\0d\n",
    "half of it": lambda rows: rows.encode()[: len(rows) // 2],
    "a field of 200,000 letters": lambda rows: rows.encode() + b"x" * 200_000 + b",1\n",
    "an open quote": lambda rows: rows.encode() + b'"a,b\nc,d\n',
    "no numbers": lambda rows: rows.encode() + b"Radio12_x.mp4 a b c d\n\n",
    "blank lines": lambda rows: b"\n\r\n \n" + rows.encode() + b"\n \n",
    "HTML of a download page": lambda rows: b"<!doctype html><title>404</title>",
    "one column": lambda rows: b"x\ny\nz\n",
    "old Macintosh lines": lambda rows: rows.replace("\n", "\r").encode(),
}
OTHER: dict[str, tuple[str, bytes, tuple[int, ...], str]] = {
    "semicolons": ("fakeavceleb", ROWS["fakeavceleb"].replace(",", ";").encode(), (0,), "Findings: none"),
    "tabs": ("fakeavceleb", ROWS["fakeavceleb"].replace(",", "\t").encode(), (0,), "Findings: none"),
    "clips: []": ("celebvhq", b'{"clips": []}', (0, 2), "celebvhq_info.json|usable"),
    "clips: null": ("celebvhq", b'{"clips": null}', (0, 2), "celebvhq_info.json|usable"),
    "clips: 3": ("celebvhq", b'{"clips": 3}', (2,), "celebvhq_info.json"),
    "clips of null": ("celebvhq", b'{"clips": {"M2Ohb0FAaJU_1": null}}', (0, 2), "celebvhq_info.json|usable"),
    "clips of numbers": ("celebvhq", b'{"clips": {"M2Ohb0FAaJU_1": 3}}', (0, 2), "celebvhq_info.json|usable"),
    "attributes null": ("celebvhq", b'{"clips": {"M2Ohb0FAaJU_1": {"attributes": null}}}', (0, 2), "celebvhq|usable"),
    "null": ("celebvhq", b"null", (2,), "celebvhq_info.json"),
    "a list": ("celebvhq", b"[]", (2,), "celebvhq_info.json"),
    "deep": ("celebvhq", b"[" * 200_000, (2,), "celebvhq_info.json"),
    "no clips": ("celebvhq", b"{}", (2,), "celebvhq_info.json"),
    "a number of 5,000 digits": ("celebvhq", b'{"clips": {}, "x": ' + b"9" * 5000 + b"}", (2,), "celebvhq_info.json"),
}  # fmt: skip


def _dataset(name: str, content: bytes) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        clip = folder / "root" / CLIPS[name]
        clip.parent.mkdir(parents=True)
        clip.write_bytes(good_clip())
        (folder / "root" / TABLES[name]).write_bytes(content)
        return "data", "verify", name, folder / "root"

    return make


def cases() -> Iterator[Case]:
    """All of them."""
    for dataset, rows in ROWS.items():
        for name, damage in DAMAGES.items():
            codes = (0,) if name == "as it should be" else (0, 2)
            make = _dataset(dataset, damage(rows))
            yield Case("table", f"{dataset}: {name}", make, codes, rf"1 usable clip|{TABLES[dataset]}")
    for name, (dataset, content, codes, says) in OTHER.items():
        yield Case("table", f"{dataset}: {name}", _dataset(dataset, content), codes, says)
