"""The words of a clip: written down beside it, or else recognised."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bench.datasets.dataset import Sample
from bench.errors import UserMistake
from bench.media.clip import Decoding
from bench.prompts.recognition import ENGINE, recognise
from bench.prompts.refusal import NoPrompt

TABLE = "transcripts.tsv"


def find_text(sample: Sample, root: Path, decoding: Decoding, cache: Path) -> tuple[str, str]:
    """The words spoken in a clip and where they were found, blanks collapsed.

    In this order: the dataset's own transcript; `NAME.txt` beside `NAME.mp4`; the row of the sample's key, or of the
    clip's NAME, in ROOT/transcripts.tsv (KEY <tab> text); `texts/NAME.txt` in the root or beside the clip's folder;
    else what pocketsphinx recognises in the part of the clip that is read.

    Raises:
        NoPrompt: the text is empty.
        UserMistake: a text file is not UTF-8, or a row of the table has no tab.
    """
    text, source = _written(sample, root) or (recognise(sample.soundtrack, decoding, cache), f"recognised by {ENGINE}")
    text = " ".join(text.split())
    if not text:
        raise NoPrompt(f"no words: the text ({source}) is empty")
    return text, source


def _written(sample: Sample, root: Path) -> tuple[str, str] | None:
    if sample.transcript is not None:
        return sample.transcript, "dataset"
    name = f"{sample.path.stem}.txt"
    beside = sample.path.with_name(name)
    if beside.is_file():
        return _read(beside), name
    table = root / TABLE
    if table.is_file():
        by_key = _table(table)
        for key in (sample.key, sample.path.stem):
            if key in by_key:
                return by_key[key], TABLE
    for folder in (root / "texts", sample.path.parent.parent / "texts"):
        if (folder / name).is_file():
            return _read(folder / name), f"texts/{name}"
    return None


@lru_cache(maxsize=8)
def _table(path: Path) -> dict[str, str]:
    found = {}
    for number, line in enumerate(_read(path).splitlines(), start=1):
        key, tab, text = line.partition("\t")
        if not tab and line.strip():
            raise UserMistake(f"{path}, line {number}: no tab; each line must be a clip's key, a tab and its text.")
        found[key.strip()] = text
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserMistake(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
