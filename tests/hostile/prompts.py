"""Prompts of a user's own, `narrate`, pairs and statistics: pictures, voices, texts and tables that are none."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from hostile.case import Arguments, Case
from hostile.media import good_clip

Lay = Callable[[Path], object]
_ROW = "text,image,voice\nHello,face.png,voice.mp4\n"


def _png(width: int = 32, height: int = 32) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 60)).save(buffer, "PNG")
    return buffer.getvalue()


def _parts(folder: Path) -> None:
    (folder / "face.png").write_bytes(_png())
    (folder / "voice.mp4").write_bytes(good_clip())
    (folder / "words.txt").write_text("Hello.")


def _narrate(lay: Lay, **changed: str | None) -> Callable[[Path], Arguments]:
    """`narrate` by a generator that would answer at once, with some of its options changed, or left out by None."""

    def make(folder: Path) -> Arguments:
        _parts(folder)
        lay(folder)
        options = {"text": "Hello.", "image": "face.png", "voice": "voice.mp4", "out": "out/clip.mp4"} | changed
        generator = ["--generator", "ceiling"]  # which knows no clip here, so that nothing is ever written
        told = [part for name, value in options.items() if value is not None
                for part in (f"--{name.replace('_', '-')}", value)]  # fmt: skip
        return "narrate", *told, *generator

    return make


def _nothing_written(folder: Path) -> str | None:
    left = sorted(path.name for path in folder.rglob("*") if path.suffix in (".mp4", ".wav"))
    hidden = [path.name for path in folder.rglob(".narrate-*")]
    return f"it left {left + hidden}" if hidden or set(left) - {"voice.mp4", "voice.wav", "mine.mp4"} else None


def _bad_image(content: bytes) -> Lay:
    return lambda folder: (folder / "face.png").write_bytes(content)


def _replaced(name: str, how: Callable[[Path], object]) -> Lay:
    def lay(folder: Path) -> None:
        (folder / name).unlink()
        how(folder / name)

    return lay


def _nothing(folder: Path) -> None:
    pass


NARRATE: dict[str, tuple[Lay, dict[str, str | None], tuple[int, ...], str]] = {
    "as it should be": (_nothing, {}, (1,), "the dataset has no reference clip"),
    "no words": (_nothing, {"text": None}, (2,), "needs the words once"),
    "words twice": (_nothing, {"text_file": "words.txt"}, (2,), "needs the words once"),
    "blank words": (_nothing, {"text": " \n\t "}, (2,), "--text is empty"),
    "a leading dash": (_nothing, {"text": "--help"}, (1,), "the dataset has no reference clip"),
    "a text file that is none": (_replaced("words.txt", Path.mkdir), {"text": None, "text_file": "words.txt"}, (2,),
                                 "not a regular file"),
    "a text file in UTF-16": (lambda f: (f / "words.txt").write_bytes("Hi".encode("utf-16")),
                              {"text": None, "text_file": "words.txt"}, (2,), "UTF-16"),
    "an empty text file": (lambda f: (f / "words.txt").write_bytes(b"\n\n"), {"text": None, "text_file": "words.txt"},
                           (2,), "holds no words"),
    "an image of zero bytes": (_bad_image(b""), {}, (2,), "the file is empty"),
    "half an image": (_bad_image(_png(300, 300)[:100]), {}, (2,), "damaged|no picture"),
    "text for an image": (_bad_image(b"hello"), {}, (2,), "it holds text"),
    "PostScript": (_bad_image(b"%!PS\n(EXECUTED) (w) file\n"), {}, (2,), "a drawing or a page"),
    "one pixel": (_bad_image(_png(1, 1)), {}, (2,), "1 x 1 pixels"),
    "too wide": (_bad_image(_png(8001, 16)), {}, (2,), "more than 8000"),
    "a FIFO for an image": (_replaced("face.png", os.mkfifo), {}, (2,), "a FIFO"),
    "a folder for an image": (_replaced("face.png", Path.mkdir), {}, (2,), "a folder"),
    "a clip for an image": (_nothing, {"image": "voice.mp4"}, (2,), "video or sound"),
    "no image": (_nothing, {"image": "gone.png"}, (2,), "no such file"),
    "an image for a voice": (_nothing, {"voice": "face.png"}, (2,), "no media file|no audio stream"),
    "a FIFO for a voice": (_replaced("voice.mp4", os.mkfifo), {}, (2,), "a FIFO"),
    "a voice without sound": (lambda f: (f / "voice.mp4").write_bytes(good_clip(sound=False)), {}, (2,),
                              "no audio stream"),
    "another suffix": (_nothing, {"out": "clip.gif"}, (2,), "name it clip.mp4"),
    "no name": (_nothing, {"out": "."}, (2,), "cannot write|--out"),
    "a clip that is there": (lambda f: (f / "mine.mp4").write_bytes(b"mine"), {"out": "mine.mp4"}, (2,),
                             "is there already"),
    "the voice's own file": (_nothing, {"out": "voice.mp4"}, (2,), "one of the files that are read"),
    "a huge seed": (_nothing, {"seed": str(2**70)}, (2,), "seed"),
}  # fmt: skip

TABLES: dict[str, tuple[bytes, tuple[int, ...], str]] = {
    "as it should be": (_ROW.encode(), (0,), "1 usable"),
    "a byte order mark and CRLF": (b"\xef\xbb\xbf" + _ROW.replace("\n", "\r\n").encode(), (0,), "1 usable"),
    "Latin-1": (_ROW.encode() + b"Gr\xfc\xdf,face.png,voice.mp4\n", (2,), "line 3 is not UTF-8"),
    "UTF-16": (_ROW.encode("utf-16"), (2,), "UTF-16"),
    "zeros": (bytes(500), (2,), "UTF-16|zero bytes"),
    "no voice column": (b"text,image\nHello,face.png\n", (2,), "lacks the column voice"),
    "only a header": (b"text,image,voice\n", (2,), "holds no prompt"),
    "an open quote": (_ROW.encode() + b'"Hello,face.png,voice.mp4\n', (2,), "broken at line"),
    "a field of 200,000 letters": (_ROW.encode() + b"x" * 200_000 + b",face.png,voice.mp4\n", (2,), "broken at line"),
    "a path that climbs out": (_ROW.encode() + b"Hi,../../etc/passwd,voice.mp4\n", (0,), "outside the table"),
    "an absolute path": (_ROW.encode() + b"Hi,/etc/passwd,voice.mp4\n", (0,), "outside the table"),
    "the same row again": (_ROW.encode() + b"Hello,face.png,voice.mp4\n", (0,), "the same prompt again"),
    "blank text": (_ROW.encode() + b" ,face.png,voice.mp4\n", (0,), "blank text"),
    "newlines in a text": (_ROW.encode() + b'"a\nb\r\nc",face.png,voice.mp4\n', (0,), "2 usable"),
    "a comma without quotes": (_ROW.encode() + b"Hello, you,face.png,voice.mp4\n", (0,), "more cells than columns"),
    "absent files": (_ROW.encode() + b"Hi,gone.png,voice.mp4\nHo,face.png,gone.wav\n", (0,), "is not there"),
    "an escape sequence": (_ROW.encode() + b"Hi,\x1b[31m.png,voice.mp4\n", (0,), "is not there"),
    "a column misspelt": (b"text,image,voice,refrence\nHello,face.png,voice.mp4,\n", (0,), "a column that is not read"),
    "a formula": (_ROW.encode() + b"=1+1,face.png,voice.mp4\n", (0,), "2 usable"),
    "an image that is none": (_ROW.encode() + b"Hi,words.txt,voice.mp4\n", (0,), "no driving image"),
}


def _table(content: bytes) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        _parts(folder)
        (folder / "prompts.csv").write_bytes(content)
        return "data", "verify", "prompts", folder

    return make


def _score(lay: Lay, *more: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        for side in ("real", "made"):
            (folder / side).mkdir()
            (folder / side / "a.mp4").write_bytes(good_clip())
        lay(folder)
        chosen = ("--metrics", "mcd", "--workers", "1", "--no-bounds")
        return "score", "--real", "real", "--generated", "made", *chosen, *more

    return make


def _pickled(path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return os.mkdir, ("EXECUTED",)

    np.savez(path, mu=np.array([Evil()], dtype=object), sigma=np.eye(1))


def _to_file(how: Callable[[Path], object]) -> Lay:
    def lay(folder: Path) -> None:
        how(folder / "stats.npz")

    return lay


SCORES: dict[str, tuple[Lay, tuple[str, ...], tuple[int, ...], str]] = {
    "pairs of a FIFO": (lambda f: os.mkfifo(f / "pairs.csv"), ("--pairs", "pairs.csv"), (2,), "a FIFO"),
    "pairs of nothing": (_nothing, ("--pairs", "pairs.csv"), (2,), "no such file"),
    "pairs without a column": (lambda f: (f / "pairs.csv").write_bytes(b"a"), ("--pairs", "pairs.csv"), (2,), "lacks"),
    "pairs that climb out": (lambda f: (f / "pairs.csv").write_text("real,generated\n../../x,../y\n"),
                             ("--pairs", "pairs.csv"), (2,), "names no pair"),
    "statistics that are code": (_to_file(_pickled), ("--real", "stats.npz"), (2,), "no file of reference statistics"),
    "statistics of a FIFO": (_to_file(os.mkfifo), ("--real", "stats.npz"), (2,), "a FIFO"),
    "statistics of text": (_to_file(lambda p: p.write_text("hello")), ("--real", "stats.npz"), (2,), "no file of ref"),
    "no frame rate at all": (_nothing, ("--fps", "0"), (2,), "fps"),
    "a frame rate that is none": (_nothing, ("--fps", "nan"), (0, 2), "."),
    "a folder for --per-clip": (lambda f: (f / "c").mkdir(), ("--per-clip", "c"), (2,), "--per-clip"),
}  # fmt: skip


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (lay, changed, codes, says) in NARRATE.items():
        yield Case("narrate", name, _narrate(lay, **changed), codes, says, after=_nothing_written)
    for name, (content, codes, says) in TABLES.items():
        yield Case("prompt table", name, _table(content), codes, says)
    for name, (lay, more, codes, says) in SCORES.items():
        yield Case("score", name, _score(lay, *more), codes, says)
