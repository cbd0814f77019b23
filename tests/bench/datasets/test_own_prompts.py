"""The dataset `prompts`: a user's own texts, portraits and voices, in a CSV or in the paper's folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.datasets.dataset import DatasetIndex
from bench.datasets.prompts import Prompts
from bench.datasets.verify import verify
from bench.errors import UserMistake
from bench.media.clip import Decoding
from bench.media.writing import write_wav
from bench.prompts.prompt import build_prompt

HEADER = "text,image,voice,reference,key,speaker,seed"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two portraits and a voice."""
    for number, name in enumerate(("a.png", "b.png")):
        Image.new("RGB", (32, 32), (number * 100, 9, 9)).save(tmp_path / name)
    time = np.arange(16000) / 16000
    write_wav(tmp_path / "v.wav", (0.3 * np.sin(2 * np.pi * 150 * time)).astype(np.float32), 16000)
    return tmp_path


def load(
    root: Path, *lines: str, header: str = HEADER, end: str = "\n", start: bytes = b"", **options: bool
) -> DatasetIndex:
    (root / "prompts.csv").write_bytes(start + (end.join([header, *lines]) + end).encode())
    return Prompts(**options).load(root)


def reasons(index: DatasetIndex) -> dict[str, str]:
    return {finding.subject: finding.reason for finding in index.findings}


def test_a_row_is_a_prompt(root: Path) -> None:
    index = load(root, '"Hello, you.",a.png,v.wav,,one,anna,7', "Bye,./b.png,v.wav,,,,")
    assert not index.findings
    first = next(sample for sample in index.samples if sample.key == "one")
    other = next(sample for sample in index.samples if sample.key != "one")
    assert (first.transcript, first.speaker, first.seed, first.path) == ("Hello, you.", "anna", 7, None)
    assert other.key.startswith("b-")
    prompt, provenance = build_prompt(first, index, 7, Decoding(), root / "cache")
    assert (prompt.text, prompt.seed, prompt.image.shape, prompt.voice.sample_rate) == (
        "Hello, you.",
        7,
        (32, 32, 3),
        16000,
    )
    assert provenance.voice.endswith("/v.wav")
    assert provenance.image.endswith("/a.png")
    assert verify(index).usable == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_tables_as_programs_write_them(root: Path, end: str, start: bytes, mark: str) -> None:
    header = mark.join((" Text ", "IMAGE", "voice"))
    index = load(root, mark.join(("Grüß dich", "a.png", "v.wav")), header=header, end=end, start=start)
    assert [(sample.transcript, sample.image) for sample in index.samples] == [("Grüß dich", root / "a.png")]
    assert not index.findings


def test_a_key_does_not_depend_on_other_rows(root: Path) -> None:
    alone = load(root, "Hi,a.png,v.wav,,,,").samples[0].key
    assert alone in {sample.key for sample in load(root, "Ho,b.png,v.wav,,,,", "Hi,a.png,v.wav,,,,").samples}
    seeds = load(root, "Hi,a.png,v.wav,,,,1", "Hi,a.png,v.wav,,,,2")
    assert len({sample.key for sample in seeds.samples}) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",a.png,v.wav,,,,", "blank text"),
        ("   ,a.png,v.wav,,,,", "blank text"),
        ("Hi,,v.wav,,,,", "no image"),
        ("Hi,a.png", "no voice"),
        ("Hi,a.png,gone.wav,,,,", "the voice is not there"),
        ("Hi,a.png,v.wav,gone.mp4,,,", "the reference is not there"),
        ("Hi,../a.png,v.wav,,,,", "the image lies outside the table's folder"),
        ("Hi,x/../../a.png,v.wav,,,,", "the image lies outside the table's folder"),
        ("Hi,/etc/passwd,v.wav,,,,", "the image lies outside the table's folder"),
        ("Hi,.,v.wav,,,,", "the image is no file"),
        ('Hi,"a\n.png",v.wav,,,,', "the image is no path"),
        ("Hi,fifo,v.wav,,,,", "the image is no file"),
        ("Hi,a.png,v.wav,,,,-1", "the seed is no whole number from 0 to 2^63 - 1"),
        ("Hi,a.png,v.wav,,,,1e3", "the seed is no whole number from 0 to 2^63 - 1"),
        ("Hi,a.png,v.wav,,,,9223372036854775808", "the seed is no whole number from 0 to 2^63 - 1"),
        ("Hi,there,a.png,v.wav,,,,", "more cells than columns"),
        ("Good,b.png,v.wav,,GOOD,,", "a key that stands twice"),
        ("Good,a.png,v.wav,,good,,", "a key that stands twice"),
    ],
)
def test_a_row_that_is_no_prompt_is_a_finding(root: Path, row: str, reason: str) -> None:
    os.mkfifo(root / "fifo")
    if row.count(",") > 6:
        row = row.replace("Hi,there,a.png,v.wav,,,,", "Hi,there,a.png,v.wav,,,,x")
    index = load(root, "Good,a.png,v.wav,,good,,", row)
    assert [sample.key for sample in index.samples] == ["good"]
    assert list(reasons(index).values()) == [reason]
    assert next(iter(reasons(index))).startswith("prompts.csv, line ")


def test_the_same_row_again_and_columns_that_are_not_read(root: Path) -> None:
    index = load(root, "Hi,a.png,v.wav,x", "Hi,a.png,v.wav,y", header="text,image,voice,refrence")
    assert len(index.samples) == 1
    assert set(reasons(index).values()) == {"the same prompt again", "a column that is not read"}
    assert "Did you mean: reference" in next(f.detail for f in index.findings if f.subject == "refrence")


def test_files_elsewhere_are_read_where_that_is_asked_for(root: Path) -> None:
    (root / "table").mkdir()
    row = f"Hi,../a.png,{root / 'v.wav'}"
    (root / "table/mine.csv").write_text(f"text,image,voice\n{row}\n")
    with pytest.raises(UserMistake, match=r"the first being mine\.csv, line 2: the image lies outside"):
        Prompts().load(root / "table/mine.csv")
    index = Prompts(anywhere=True).load(root / "table/mine.csv")
    assert index.root == root / "table"
    assert verify(index).usable == 1


@pytest.mark.parametrize("spoil", ["image", "voice", "silent"])
def test_a_file_that_cannot_be_used_is_counted_and_nothing_stands_in_for_it(root: Path, spoil: str) -> None:
    (root / "v2.wav").write_bytes((root / "v.wav").read_bytes())
    if spoil == "image":
        (root / "b.png").write_bytes(b"\x89PNG")
    elif spoil == "voice":
        (root / "v2.wav").write_bytes(b"RIFF")
    else:
        write_wav(root / "v2.wav", np.zeros(16000, np.float32), 16000)
    index = load(root, "Hi,a.png,v.wav,,one,anna,", "Ho,b.png,v2.wav,,two,anna,")
    report = verify(index)
    assert report.usable == 1
    assert [(f.subject, f.reason) for f in report.findings] == [("two", "no prompt")]
    assert ("no driving image" if spoil == "image" else "no voice profile") in report.findings[0].detail


def test_the_papers_folders_without_videos(root: Path) -> None:
    for split, name in (("train", "0001"), ("train", "0002"), ("test", "0001"), ("test", "0003"), ("test", "0004")):
        for folder in ("texts", "images", "ref_audios"):
            (root / split / folder).mkdir(parents=True, exist_ok=True)
        (root / split / f"texts/{name}.txt").write_text("" if name == "0004" else f"text {name}")
        (root / split / f"images/{name}.png").write_bytes((root / "a.png").read_bytes())
        (root / split / f"ref_audios/{name}.wav").write_bytes((root / "v.wav").read_bytes())
    (root / "train/images/0002.jpg").write_bytes(b"")
    (root / "test/ref_audios/0003.wav").unlink()
    (root / "test/images/lost.png").write_bytes(b"")
    (root / "test/texts/notes.md").write_text("hm")
    with open(os.path.join(os.fsencode(root), b"test/texts/caf\xe9.txt"), "w") as file:
        file.write("hi")
    index = Prompts().load(root)
    assert [(s.key, s.split, s.path, s.transcript) for s in index.samples] == [
        ("test-0001", "test", None, "text 0001"), ("train-0001", "train", None, "text 0001"),
    ]  # fmt: skip
    assert reasons(index) == {
        "train/texts/0002.txt": "several files could be its driving image",
        "test/texts/0003.txt": "no voice profile of this name",
        "test/texts/0004.txt": "blank text",
        "test/images/lost.png": "no text of this name",
        "test/texts/notes.md": "no file that texts holds",
        "test/texts/caf\\xe9.txt": "its name is not UTF-8",
    }
    assert verify(index).usable == 2


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root: root / "nowhere", "there is no such file"),
        (lambda root: root, "needs prompts.csv with the columns text, image, voice, or texts/NAME.txt"),
        (lambda root: root / "a.png", "not UTF-8|lacks the column|zero bytes|UTF-16"),
        (lambda root: _written(root, "text,image\nHi,a.png\n"), "lacks the column voice"),
        (lambda root: _written(root, ""), "lacks the column text and image and voice"),
        (lambda root: _written(root, "text,image,voice,text\n"), "two columns text"),
        (lambda root: _written(root, 'text,image,voice\n"Hi,a.png,v.wav\n'), "broken at line 2"),
        (lambda root: _written(root, "text,image,voice\n,a.png,v.wav\n"), "line 2: blank text"),
        (lambda root: os.mkfifo(root / "pipe") or root / "pipe", "a FIFO"),
    ],
)
def test_what_holds_no_prompts_is_one_sentence(root: Path, make: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(UserMistake, match=says) as raised:
        Prompts().load(make(root))
    assert "\n" not in str(raised.value)


def _written(root: Path, content: str) -> Path:
    (root / "prompts.csv").write_text(content)
    return root
