"""Clips: damaged, strange, not clips at all, and under names that no program expects."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from bench.media.writing import write_clip
from hostile.case import Arguments, Case

Lay = Callable[[Path], object]


@lru_cache
def good_clip(seconds: float = 1.2, side: int = 32, sound: bool = True, pitch: int = 220) -> bytes:
    """A clip of moving stripes and a tone, as MP4."""
    random = np.random.default_rng(0)
    time = np.arange(int(seconds * 16000)) / 16000
    speech = (0.1 * np.sin(2 * np.pi * pitch * time) + 0.01 * random.standard_normal(len(time))).astype(np.float32)
    frames = random.integers(0, 255, (max(1, int(seconds * 25)), side, side, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_clip(path, [frames], 25, speech if sound else speech[:0], 16000)
        return path.read_bytes()


def _beside_a_good_one(lay: Lay) -> Callable[[Path], Arguments]:
    """`clips` with good.mp4 and what `lay` puts beside it."""

    def make(folder: Path) -> Arguments:
        clips = folder / "clips"
        clips.mkdir()
        (clips / "good.mp4").write_bytes(good_clip())
        lay(clips)
        return "data", "verify", "folder", clips

    return make


def _bad(content: bytes | Callable[[], bytes], name: str = "bad.mp4") -> Lay:
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content())


def _flipped(seed: int) -> bytes:
    """The good clip with some of its bytes changed at random."""
    random = np.random.default_rng(seed)
    data = bytearray(good_clip())
    for place in random.integers(0, len(data), 1 + seed * 4):
        data[place] ^= int(random.integers(1, 256))
    return bytes(data)


def _without(box: bytes) -> bytes:
    """The good clip with one of its boxes called by another name."""
    return good_clip().replace(box, b"xxxx")


def _socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # a socket's path may have some hundred letters only
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind("bad.mp4")
    finally:
        os.chdir(here)


def _sized(width: int, height: int) -> bytes:
    """The good clip whose header claims another size."""
    return good_clip().replace((32 << 16).to_bytes(4, "big") * 2, (width << 16).to_bytes(4, "big") * 2)


ONE_BAD: dict[str, Lay] = {
    "empty": _bad(b""),
    "one byte": _bad(b"\0"),
    "text": _bad(b"I am no video"),
    "zeros": _bad(bytes(65536)),
    "random bytes": _bad(lambda: np.random.default_rng(1).bytes(65536)),
    "a PNG": _bad(b"\x89PNG\r\n\x1a\n" + bytes(64)),
    "HTML of a download page": _bad(b"<!doctype html><html><body>404</body></html>"),
    "a ZIP": _bad(b"PK\x03\x04" + bytes(64)),
    "a pickle": _bad(b"cos\nsystem\n(S'touch EXECUTED'\ntR."),
    "a playlist": _bad(b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
    "a list of files to join": _bad(b"ffconcat version 1.0\nfile /etc/passwd\n"),
    "a Git LFS pointer": _bad(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"),
    "only its first box": _bad(lambda: good_clip()[:32]),
    "without its index": _bad(lambda: _without(b"moov")),
    "without its tracks": _bad(lambda: _without(b"trak")),
    "without its sample table": _bad(lambda: _without(b"stbl")),
    "without its sizes": _bad(lambda: _without(b"stsz")),
    "without sound": _bad(lambda: good_clip(sound=False)),
    "one frame": _bad(lambda: good_clip(seconds=0.04)),
    "too short": _bad(lambda: good_clip(seconds=0.4)),
    "a pipe": lambda folder: os.mkfifo(folder / "bad.mp4"),
    "a socket": _socket,
    "a link to nowhere": lambda folder: (folder / "bad.mp4").symlink_to("nowhere.mp4"),
    "a link to itself": lambda folder: (folder / "bad.mp4").symlink_to(folder / "bad.mp4"),
    "a link to an endless device": lambda folder: (folder / "bad.mp4").symlink_to("/dev/zero"),
    "a link to nothing at all": lambda folder: (folder / "bad.mp4").symlink_to("/dev/null"),
    "a folder": lambda folder: (folder / "bad.mp4").mkdir(),
    "a sparse terabyte": lambda folder: os.truncate(_touched(folder / "bad.mp4"), 1 << 40),
    "a WMV that is none": _bad(b"I am no video", "bad.wmv"),
    "a GIF that is none": _bad(b"GIF89a", "bad.gif"),
}
"""Each beside a good clip: named with its reason, and the good one stays usable."""


def _touched(path: Path) -> Path:
    path.touch()
    return path


NAMES = (
    "a b.mp4", " a.mp4", "a .mp4", "-a.mp4", "--help.mp4", "=1+1.mp4", "+a.mp4", "@a.mp4", "a'b.mp4", 'a"b.mp4',
    "a`id`.mp4", "$(touch EXECUTED).mp4", ";touch EXECUTED;.mp4", "a|b.mp4", "a&b.mp4", "a*b.mp4", "a?b.mp4",
    "[a].mp4", "{a}.mp4", "a%s.mp4", "a%00.mp4", "a\\b.mp4", "a\tb.mp4", "a\nb.mp4", "a\x1b[31m.mp4", "a\x07.mp4",
    "a\u202egnp.mp4", "a\u200b.mp4", "é.mp4", "e\u0301.mp4", "中文.mp4", "עברית.mp4", "🙂.mp4", "ﬁ.mp4", "ß.mp4",
    "İ.mp4", "CON.mp4", "a..mp4", "a.mp4.mp4", "a.MP4", "good.MP4", "Good.mp4", "GOOD.mp4",
    f"{'x' * 251}.mp4", f"{'中' * 83}.mp4", "<script>.mp4", "a#b.mp4", "a;b.mp4", "~.mp4", "$HOME.mp4", "a.json.mp4",
    "results.json.mp4", "null.mp4", "good.wav.mp4",
)  # fmt: skip
RAW_NAMES = (b"a\xff.mp4", b"\xe9t\xe9.mp4", b"a\xed\xa0\x80.mp4", b"\x80\x80\x80.mp4")
PAIRS = (
    ("a b.mp4", "a_b.mp4"), ("a-b.mp4", "a/b.mp4"), ("A.mp4", "a.mp4"), ("é.mp4", "e\u0301.mp4"), ("a.mp4", "a.mkv"),
    ("a.mp4", "a.mp4.mp4"), ("a b.mp4", "a_b-c8687a08.mp4"), ("sub/same.mp4", "sub-same.mp4"), ("a#b.mp4", "a_b.mp4"),
)  # fmt: skip
"""Two clips that differ and must stay two."""


def _pair(first: str, second: str) -> Lay:
    def lay(folder: Path) -> None:
        for number, name in enumerate((first, second)):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(good_clip(side=48 + 16 * number))

    return lay


def cases() -> Iterator[Case]:
    """All of them."""
    for name, lay in ONE_BAD.items():
        make = _beside_a_good_one(lay)
        yield Case("media", name, make, (0,), r"(?s)1 usable clip.*bad")
    for share in range(5, 100, 10):
        cut = _bad(lambda share=share: good_clip()[: len(good_clip()) * share // 100])  # type: ignore[misc]
        yield Case(
            "media", f"cut off after {share} %", _beside_a_good_one(cut), (0,), r"(?s)1 usable clip.*bad|2 usable"
        )
    for seed in range(16):
        flipped = _bad(lambda seed=seed: _flipped(seed))  # type: ignore[misc]
        make = _beside_a_good_one(flipped)
        yield Case("media", f"damage number {seed}", make, (0,), r"(?s)1 usable clip.*bad|2 usable", quick=seed < 6)
    for width, height in ((0, 0), (1, 1), (65535, 65535), (32, 65535)):
        sized = _bad(lambda w=width, h=height: _sized(w, h))  # type: ignore[misc]
        make = _beside_a_good_one(sized)
        yield Case("media", f"claims {width} x {height}", make, (0,), r"(?s)1 usable clip.*bad|2 usable")
    for written in NAMES:
        yield Case("name", repr(written)[:40], _beside_a_good_one(_bad(good_clip, written)), (0,), "2 usable clips")
    for raw in RAW_NAMES:
        make = _beside_a_good_one(_bad(good_clip, os.fsdecode(raw)))
        yield Case("name", repr(raw), make, (0,), r"(?s)2 usable clips|1 usable clip.*name")
    for first, second in PAIRS:
        make = _beside_a_good_one(_pair(first, second))
        yield Case("name", f"{first!r} beside {second!r}", make, (0,), "3 usable clips", never="copy|Traceback")
    for written in NAMES[:34:3]:
        yield Case("name", f"scored: {written!r}", _scored(written), (0,), '"n": 1', quick=False)


def _scored(name: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        for side in ("real", "generated"):
            (folder / side).mkdir()
            (folder / side / name).write_bytes(good_clip())
        words = ("--metrics", "mcd", "--workers", "1", "--no-bounds", "--json")
        return "score", "--real", folder / "real", "--generated", folder / "generated", *words

    return make
