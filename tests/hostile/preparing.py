"""Datasets to prepare and split: hostile names, manifests and folders; nothing is written outside the output folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hostile.case import Arguments, Case
from hostile.media import good_clip

_HEADER = "key,video,speaker,licence\n"
_ROW = "a,videos/a.mp4,anna,mine\n"
MANIFESTS: dict[str, tuple[bytes, tuple[int, ...], str]] = {
    "as it should be": ((_HEADER + _ROW).encode(), (0,), "1 usable clips of 1 known speakers"),
    "a byte order mark": ((_HEADER + _ROW).encode("utf-8-sig"), (0,), "1 usable clips of 1 known speakers"),
    "CRLF": ((_HEADER + _ROW).replace("\n", "\r\n").encode(), (0,), "1 usable clips of 1 known speakers"),
    "blanks around names and cells": (b" key , video ,speaker, licence \n a , videos/a.mp4 , anna , mine \n", (0,),
                                      "1 usable clips of 1 known speakers"),
    "quotes and a newline in a cell": ((_HEADER + 'a,videos/a.mp4,"an""na\nb","m, ine"\n').encode(), (0,),
                                       "1 usable clips of 1 known speakers"),
    "unicode": ((_HEADER + "ä,videos/a.mp4,Zoë 王,©\n").encode(), (0,), "1 usable clips of 1 known speakers"),
    "a column less": (b"key,video,licence\na,videos/a.mp4,mine\n", (2,), "lacks the column speaker"),
    "an empty file": (b"", (2,), "lacks the column key and video and speaker and licence"),
    "the same row twice": ((_HEADER + _ROW + _ROW).encode(), (0,), "1 usable clips"),
    "two rows of one clip": ((_HEADER + _ROW + "b,videos/a.mp4,berta,mine\n").encode(), (2,),
                             "line 3: videos/a.mp4 is told twice"),
    "a row without a clip": ((_HEADER + _ROW + "b,,berta,mine\n").encode(), (0,), "a row without a video"),
    "listed and absent": ((_HEADER + _ROW + "b,videos/b.mp4,berta,mine\n").encode(), (0,),
                          "listed in the metadata but not on disk"),
    "absent and listed": ((_HEADER + "b,videos/b.mp4,berta,mine\n").encode(), (2,), "2 files were passed over"),
    "a path that leads out": ((_HEADER + _ROW + "c,../../outside.mp4,c,mine\n").encode(), (0,),
                              r"\.\./\.\./outside\.mp4 +. listed in the metadata but not on disk"),
    "an absolute path": ((_HEADER + _ROW + "c,/etc/passwd,c,mine\n").encode(), (0,), "not on disk"),
    "Latin-1": ((_HEADER + _ROW).encode() + b"b,videos/b.mp4,\xe9,mine\n", (2,), "not UTF-8"),
    "an open quote": ((_HEADER + _ROW + '"b').encode(), (2,), "broken at line 3"),
}  # fmt: skip
SPLITS: dict[str, tuple[str, tuple[int, ...], str]] = {
    "a share above 1": ("--test=0.8 --dev=0.4", (2,), r"test is 0\.8 and dev 0\.4"),
    "an unknown rule": ("--by=speakers", (2,), "by speaker, clip or dataset"),
    "a negative seed": ("--seed=-1", (2,), "seed"),
}
NAMES = (
    "-rf.mp4",
    "a b.mp4",
    "'quo\"te.mp4",
    "new\nline.mp4",
    "Zoë 王.mp4",
    "..a.mp4",
    "--out=x.mp4",
    "$(touch x).mp4",
)
WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no output folder": (("--split", "speaker"), "needs --out"),
    "an unknown protocol": (("--out", "out", "--protocol", "papre"), "Did you mean: paper"),
    "an unknown recogniser": (("--out", "out", "--transcripts", "wisper"), "Unknown recogniser 'wisper'"),
    "a recogniser's option": (("--out", "out", "--transcripts", "whisper-base:beam=x"), "beam must be"),
    "an option twice": (("--out", "out", "--transcripts", "whisper-base:beam=1:beam=2"), "is given twice"),
    "a voice rule": (("--out", "out", "--voice", "another"), "voice"),
    "an image rule": (("--out", "out", "--image", "last"), "image"),
    "out within the dataset": (("--out", "root/out"), "lies in the dataset's own folder"),
    "out is a file": (("--out", "file"), "is no folder"),
    "out holds something": (("--out", "full"), "holds files that are no prepared dataset"),
    "zero seconds": (("--out", "out", "--seconds", "0"), "seconds"),
}


def _tree(folder: Path, *names: str) -> None:
    (folder / "root").mkdir()
    for name in names:
        (folder / "root" / name).write_bytes(good_clip())
    (folder / "root/transcripts.tsv").write_text(
        "".join(f"{Path(name).stem}\tsome words\n" for name in names if "\n" not in name), encoding="utf-8"
    )
    (folder / "file").write_text("in the way")
    (folder / "full").mkdir()
    (folder / "full/thesis.txt").write_text("mine")


def _prepared(content: bytes) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        for part in ("videos", "texts"):
            (folder / "root" / part).mkdir(parents=True)
        (folder / "root/videos/a.mp4").write_bytes(good_clip())
        (folder / "root/texts/a.txt").write_text("words")
        (folder / "root/manifest.csv").write_bytes(content)
        (folder / "outside.mp4").write_bytes(good_clip())
        return "data", "verify", "folder", folder / "root"

    return make


def _prepare(*words: str, names: tuple[str, ...] = ("a.mp4",)) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        _tree(folder, *names)
        return "data", "prepare", "folder", "root", "--workers", "1", *words

    return make


def _nothing_outside(folder: Path) -> str | None:
    """Only `out` is new."""
    strange = {path.name for path in folder.iterdir()} - {"root", "out", "file", "full"}
    if strange:
        return f"it wrote {sorted(strange)}"
    changed = {path.name for path in (folder / "full").iterdir()} | {path.name for path in (folder / "root").iterdir()}
    return None if changed == {"thesis.txt", "transcripts.tsv", *NAMES} else f"it changed {sorted(changed)}"


def _split(words: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        _tree(folder, "a.mp4")
        return "data", "split", "folder", "root", "--out", "split.csv", *words.split()

    return make


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (content, codes, says) in MANIFESTS.items():
        yield Case("manifest", name, _prepared(content), codes, says)
    for name, (words, codes, says) in SPLITS.items():
        yield Case("split", name, _split(words), codes, says)
    for name, (words, says) in WRONG.items():
        yield Case("prepare", name, _prepare(*words), (2,), says)
    hostile = _prepare("--out", "out", "--transcripts", "none", "--seconds", "1", names=NAMES)
    yield Case("prepare", "hostile names", hostile, (0,), "6 of 7 clips prepared", after=_nothing_outside)
    apart = ("data", "overlap", "folder", "folder=root")
    yield Case("overlap", "no folder", lambda folder: apart, (2,), "is not DATASET=FOLDER")
